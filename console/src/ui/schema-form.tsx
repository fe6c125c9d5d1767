import { useEffect, useState } from 'react';
import { isRecord } from '../lib/records';
import { AreaField, CheckField, SelectField, TextField } from './field';

type Schema = Record<string, unknown>;
const MAX_DEPTH = 3;

interface SchemaFormProps {
  label: string;
  schema: Schema;
  initial: Record<string, unknown>;
  /** Called with the new value, or with undefined while the text is not a JSON object. */
  onChange(value: Record<string, unknown> | undefined): void;
}

/** A form generated from a JSON Schema. The user can also edit the value as JSON. */
export function SchemaForm({ label, schema, initial, onChange }: SchemaFormProps) {
  const [value, setValue] = useState(initial);
  const [text, setText] = useState<string>();
  useEffect(() => onChange(initial), []);
  const change = (next: Record<string, unknown>) => {
    setValue(next);
    onChange(next);
  };
  const write = (next: string) => {
    setText(next);
    const parsed = parsedMap(next);
    if (parsed !== undefined) setValue(parsed);
    onChange(parsed);
  };
  return (
    <fieldset className="schema-form">
      <legend>{label}</legend>
      <button
        type="button"
        className="quiet"
        onClick={() => setText(text === undefined ? JSON.stringify(value, null, 2) : undefined)}
      >
        {text === undefined ? 'Edit as JSON' : 'Use the form'}
      </button>
      {text === undefined ? (
        <Properties schema={schema} value={value} depth={0} onChange={change} />
      ) : (
        <AreaField
          label={`${label} as JSON`}
          code
          rows={12}
          value={text}
          onChange={write}
          hint={parsedMap(text) === undefined ? <span className="tone-bad">This is not a JSON object yet.</span> : ''}
        />
      )}
    </fieldset>
  );
}

function parsedMap(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
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
          value={value[name]}
          depth={depth}
          onChange={(next) => set(name, next)}
        />
      ))}
    </>
  );
}

/** Returns a schema without its `null` alternative. */
function plainOf(schema: unknown): Schema {
  if (!isRecord(schema)) return {};
  const choices = schema['anyOf'] ?? schema['oneOf'];
  if (!Array.isArray(choices)) return schema;
  const others = choices.filter(isRecord).filter(({ type }) => type !== 'null');
  return others.length === 1 ? { ...schema, ...others[0] } : schema;
}

function Property(props: {
  name: string;
  schema: Schema;
  value: unknown;
  depth: number;
  onChange(value: unknown): void;
}) {
  const { name, schema, value, depth, onChange } = props;
  const choices = schema['enum'];
  const hint = typeof schema['description'] === 'string' ? schema['description'] : undefined;
  const label = { label: name, ...(hint === undefined ? {} : { hint }) };
  if (Array.isArray(choices)) {
    const options = ['', ...choices.map(String)];
    return (
      <SelectField
        {...label}
        value={String(value ?? '')}
        options={options}
        onChange={(next) => onChange(next === '' ? undefined : next)}
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
          onChange={(next) => onChange(next === '' ? undefined : Number(next))}
        />
      );
    case 'string':
      return (
        <TextField
          {...label}
          value={typeof value === 'string' ? value : ''}
          onChange={(next) => onChange(next === '' ? undefined : next)}
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
  return <JsonProperty {...label} value={value} onChange={onChange} />;
}

/** A text area for a value that has no simple control. Changes apply whenever the text is valid JSON. */
function JsonProperty(props: { label: string; hint?: string; value: unknown; onChange(value: unknown): void }) {
  const [text, setText] = useState(props.value === undefined ? '' : JSON.stringify(props.value));
  const change = (next: string) => {
    setText(next);
    if (next.trim() === '') return props.onChange(undefined);
    try {
      props.onChange(JSON.parse(next));
    } catch {
      // Not valid JSON yet.
    }
  };
  return <AreaField label={`${props.label} (JSON)`} code rows={2} value={text} onChange={change} />;
}
