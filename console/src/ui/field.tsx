import { useId, type ReactNode } from 'react';

interface FieldProps {
  label: string;
  /** Help text below the control. */
  hint?: ReactNode;
  children: (id: string) => ReactNode;
}

/** Shows a form control with its label and hint. */
export function Field({ label, hint, children }: FieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children(id)}
      {hint !== undefined && <div className="hint">{hint}</div>}
    </div>
  );
}

interface TextProps {
  label: string;
  value: string;
  onChange(text: string): void;
  hint?: ReactNode;
  required?: boolean;
  type?: 'text' | 'password' | 'number' | 'search' | 'datetime-local' | 'url';
  placeholder?: string;
  disabled?: boolean;
}

export function TextField({ label, value, onChange, hint, type = 'text', ...rest }: TextProps) {
  return (
    <Field label={label} hint={hint}>
      {(id) => (
        <input
          id={id}
          type={type}
          value={value}
          autoComplete={type === 'password' ? 'new-password' : 'off'}
          onChange={(event) => onChange(event.target.value)}
          {...rest}
        />
      )}
    </Field>
  );
}

interface AreaProps extends Omit<TextProps, 'type'> {
  rows?: number;
  /** Uses a monospaced font and turns off spell checking. */
  code?: boolean;
}

export function AreaField({ label, value, onChange, hint, rows = 4, code = false, ...rest }: AreaProps) {
  return (
    <Field label={label} hint={hint}>
      {(id) => (
        <textarea
          id={id}
          rows={rows}
          value={value}
          className={code ? 'mono' : undefined}
          spellCheck={!code}
          onChange={(event) => onChange(event.target.value)}
          {...rest}
        />
      )}
    </Field>
  );
}

interface SelectProps<Value extends string> {
  label: string;
  value: Value;
  options: readonly (Value | { value: Value; label: string })[];
  onChange(value: Value): void;
  hint?: ReactNode;
  disabled?: boolean;
}

export function SelectField<Value extends string>({ label, hint, ...rest }: SelectProps<Value>) {
  return (
    <Field label={label} hint={hint}>
      {(id) => <Select id={id} {...rest} />}
    </Field>
  );
}

export function Select<Value extends string>({
  value,
  options,
  onChange,
  ...rest
}: Omit<SelectProps<Value>, 'label' | 'hint'> & { id?: string; 'aria-label'?: string }) {
  return (
    <select value={value} onChange={(event) => onChange(event.target.value as Value)} {...rest}>
      {options.map((option) => {
        const { value: each, label } = typeof option === 'string' ? { value: option, label: option } : option;
        return (
          <option key={each} value={each}>
            {label}
          </option>
        );
      })}
    </select>
  );
}

export function CheckField({
  label,
  checked,
  onChange,
  disabled = false,
}: {
  label: ReactNode;
  checked: boolean;
  onChange(checked: boolean): void;
  disabled?: boolean;
}) {
  return (
    <label className="check">
      <input
        type="checkbox"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
      />
      {label}
    </label>
  );
}
