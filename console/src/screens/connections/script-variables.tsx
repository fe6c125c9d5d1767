import { Plus, X } from 'lucide-react';
import { TextField } from '../../ui/field';
import type { SecretVariable, Variable } from './script-input';

interface RowsProps<Row> {
  rows: readonly Row[];
  onChange(rows: Row[]): void;
}

/** The environment variables that were loaded from a step. Shows nothing if there are none. */
export function EnvironmentRows({ rows, onChange }: RowsProps<Variable>) {
  if (rows.length === 0) return null;
  return (
    <fieldset>
      <legend>Environment</legend>
      {rows.map(({ name, text }, index) => (
        <TextField
          key={name}
          label={name}
          value={text}
          onChange={(next) => onChange(changed(rows, index, { text: next }))}
        />
      ))}
    </fieldset>
  );
}

/** The environment variables that refer to secrets. */
export function SecretRows({ rows, onChange }: RowsProps<SecretVariable>) {
  const set = (index: number, changes: Partial<SecretVariable>) => onChange(changed(rows, index, changes));
  return (
    <fieldset>
      <legend>Secret environment</legend>
      {rows.map((row, index) => (
        <div key={index} className="field-row">
          <TextField label="Variable" value={row.name} onChange={(name) => set(index, { name })} />
          <TextField label="Value" value={row.text} onChange={(text) => set(index, { text })} />
          <TextField
            label="For this run only"
            type="password"
            value={row.override}
            onChange={(override) => set(index, { override })}
          />
          <button
            type="button"
            className="icon"
            aria-label="Remove"
            onClick={() => onChange(rows.filter((_, each) => each !== index))}
          >
            <X size={14} aria-hidden />
          </button>
        </div>
      ))}
      <button
        type="button"
        onClick={() => onChange([...rows, { name: '', text: '${{ secrets.NAME }}', override: '' }])}
      >
        <Plus size={14} aria-hidden /> Add a variable
      </button>
    </fieldset>
  );
}

const changed = <Row,>(rows: readonly Row[], index: number, changes: Partial<Row>): Row[] =>
  rows.map((row, each) => (each === index ? { ...row, ...changes } : row));
