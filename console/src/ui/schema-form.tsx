import { createContext, useContext, useEffect, useId, useState } from 'react';
import { isRecord } from '../lib/records';
import { AreaField, CheckField, SelectField, TextField } from './field';

type Schema = Record<string, unknown>;
const MAX_DEPTH = 3;

interface SchemaFormProps {
  label: string;
  schema: Schema;
  initial: Record<string, unknown>;
  /** Called with the new value, or with undefined while any text in the form is not valid JSON. */
  onChange(value: Record<string, unknown> | undefined): void;
}

/** Called by each JSON field of the form, with the field's id, when its text becomes valid or invalid. */
const ReportValidity = createContext<(id: string, isValid: boolean) => void>(() => undefined);

/** A form generated from a JSON Schema. The user can also edit the value as JSON. */
export function SchemaForm({ label, schema, initial, onChange }: SchemaFormProps) {
  const [value, setValue] = useState(initial);
  const [text, setText] = useState<string>();
  const [invalid, setInvalid] = useState<readonly string[]>([]);
  const isValid = text === undefined ? invalid.length === 0 : parsedMap(text) !== undefined;
  useEffect(() => onChange(isValid ? value : undefined), [value, isValid]);
  const write = (next: string) => {
    setText(next);
    setValue((before) => parsedMap(next) ?? before);
  };
  const report = (id: string, isFieldValid: boolean) =>
    setInvalid((before) => [...before.filter((each) => each !== id), ...(isFieldValid ? [] : [id])]);
  return (
    <fieldset className="schema-form">
      <legend>{label}</legend>
      <button
        type="button"
        className="quiet"
        disabled={!isValid}
        onClick={() => setText(text === undefined ? JSON.stringify(value, null, 2) : undefined)}
      >
        {text === undefined ? 'Edit as JSON' : 'Use the form'}
      </button>
      {text === undefined ? (
        <ReportValidity value={report}>
          <Properties schema={schema} value={value} depth={0} onChange={setValue} />
        </ReportValidity>
      ) : (
        <AreaField
          label={`${label} as JSON`}
          code
          rows={12}
          value={text}
          onChange={write}
          hint={isValid ? '' : <span className="tone-bad">This is not a JSON object yet.</span>}
        />
      )}
    </fieldset>
  );
}

function parsedJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

function parsedMap(text: string): Record<string, unknown> | undefined {
  const parsed = parsedJson(text)?.value;
  return isRecord(parsed) ? parsed : undefined;
}

interface PartProps {
  schema: Schema;
  value: Record<string, unknown>;
  depth: number;
  onChange(value: Record<string, unknown>): void;
}

function Properties({ schema, value, depth, onChange }: PartProps) {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {};
  const names = [...new Set([...Object.keys(properties), ...Object.keys(value)])];
  const set = (name: string, next: unknown) => {
    const rest = Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));
    onChange(next === undefined ? rest : { ...rest, [name]: next });
  };
  return (
    <>
      {names.map((name) => (
        <Property
          key={name}
          name={name}
          schema={plainOf(properties[name])}
          empty={isNullable(properties[name]) ? null : undefined}
          value={value[name]}
          depth={depth}
          onChange={(next) => set(name, next)}
        />
      ))}
    </>
  );
}

/** Returns the alternatives in `anyOf` or `oneOf` of a schema, or in its list of types. */
function choicesOf({ anyOf, oneOf, type }: Schema): Schema[] {
  const choices = anyOf ?? oneOf;
  if (Array.isArray(choices)) return choices.filter(isRecord);
  return Array.isArray(type) ? type.map((each: unknown) => ({ type: each })) : [];
}

const isNull = ({ type }: Schema) => type === 'null';

const isNullable = (schema: unknown): boolean => isRecord(schema) && choicesOf(schema).some(isNull);

/** Returns a schema without its `null` alternative. */
function plainOf(schema: unknown): Schema {
  if (!isRecord(schema)) return {};
  const others = choicesOf(schema).filter((each) => !isNull(each));
  return others.length === 1 ? { ...schema, ...others[0] } : schema;
}

function Property(props: {
  name: string;
  schema: Schema;
  value: unknown;
  /** The value of an empty field: null if the schema allows it, otherwise undefined, which removes the property. */
  empty: null | undefined;
  depth: number;
  onChange(value: unknown): void;
}) {
  const { name, schema, value, empty, depth, onChange } = props;
  // A checkbox cannot show that a value is null.
  const choices = schema['type'] === 'boolean' && empty === null ? [true, false] : schema['enum'];
  const hint = typeof schema['description'] === 'string' ? schema['description'] : undefined;
  const label = { label: name, ...(hint === undefined ? {} : { hint }) };
  if (Array.isArray(choices)) {
    const given: readonly unknown[] = choices.filter((choice) => choice !== null);
    const options = ['', ...given.map(String)];
    return (
      <SelectField
        {...label}
        value={String(value ?? '')}
        options={options}
        onChange={(next) => onChange(next === '' ? empty : given.find((choice) => String(choice) === next))}
      />
    );
  }
  switch (schema['type']) {
    case 'boolean':
      return <CheckField label={name} checked={value === true} onChange={onChange} />;
    case 'number':
    case 'integer':
      return (
        <TextField
          {...label}
          type="number"
          value={value === undefined || value === null ? '' : String(value)}
          onChange={(next) => onChange(next === '' ? empty : Number(next))}
        />
      );
    case 'string':
      return (
        <TextField
          {...label}
          value={typeof value === 'string' ? value : ''}
          onChange={(next) => onChange(next === '' ? empty : next)}
        />
      );
    case 'object':
      if (depth < MAX_DEPTH && isRecord(schema['properties'])) {
        return (
          <fieldset>
            <legend>{name}</legend>
            <Properties schema={schema} value={isRecord(value) ? value : {}} depth={depth + 1} onChange={onChange} />
          </fieldset>
        );
      }
  }
  return <JsonProperty {...label} value={value} empty={empty} onChange={onChange} />;
}

interface JsonPropertyProps {
  label: string;
  hint?: string;
  value: unknown;
  empty: null | undefined;
  onChange(value: unknown): void;
}

/** A text area for a value that has no simple control. Changes apply whenever the text is valid JSON. */
function JsonProperty({ label, hint, value, empty, onChange }: JsonPropertyProps) {
  const id = useId();
  const report = useContext(ReportValidity);
  const [text, setText] = useState(value === undefined ? '' : JSON.stringify(value));
  const [isValid, setValid] = useState(true);
  const change = (next: string) => {
    setText(next);
    const parsed = next.trim() === '' ? { value: empty } : parsedJson(next);
    setValid(parsed !== undefined);
    report(id, parsed !== undefined);
    if (parsed !== undefined) onChange(parsed.value);
  };
  const shown = isValid ? (
    hint
  ) : (
    <span className="tone-bad">This is not valid JSON yet. Put text in double quotes.</span>
  );
  return <AreaField label={`${label} (JSON)`} code rows={2} value={text} onChange={change} hint={shown} />;
}
