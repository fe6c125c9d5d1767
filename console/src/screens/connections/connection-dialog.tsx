import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { isRecord } from '../../lib/records';
import { Dialog } from '../../ui/dialog';
import { AreaField, CheckField, SelectField, TextField } from '../../ui/field';
import { refreshAll } from '../../ui/mutation';
import { Problem } from '../../ui/page';
import { Status } from '../../ui/status';

type Connection = components['schemas']['Connection'];
type Config = Record<string, unknown>;

/**
 * A dialog that creates or edits a connection and can test it before saving. The values of secrets can be set but are
 * never shown.
 */
export function ConnectionDialog({ connection, onClose }: { connection: Connection | undefined; onClose(): void }) {
  const types = useQuery({
    queryKey: ['connection-types'],
    queryFn: () => bodyOf(api.GET('/api/v1/connection-types')),
  });
  const [name, setName] = useState(connection?.name ?? '');
  const [chosen, setChosen] = useState(connection?.type);
  const [config, setConfig] = useState<Config>(() => shownOf(connection?.config ?? {}));
  const type = chosen ?? types.data?.items[0]?.id ?? '';
  const schema = types.data?.items.find(({ id }) => id === type)?.configSchema;
  const save = useMutation({
    mutationFn: async () => {
      if (connection === undefined) return bodyOf(api.POST('/api/v1/connections', { body: { name, type, config } }));
      const params = { path: { id: connection.id } };
      return bodyOf(api.PATCH('/api/v1/connections/{id}', { params, body: { name, config } }));
    },
    onSuccess: async ({ warnings }) => {
      await refreshAll(['connections']);
      if (warnings.length === 0) onClose();
    },
  });
  return (
    <Dialog
      title={connection === undefined ? 'New connection' : `Connection “${connection.name}”`}
      onClose={onClose}
      form={save}
      wide
    >
      {types.error !== null && <Problem error={types.error} />}
      <TextField label="Name" value={name} onChange={setName} required />
      <SelectField
        label="Type"
        value={type}
        disabled={connection !== undefined}
        options={(types.data?.items ?? []).map(({ id, displayName }) => ({ value: id, label: displayName }))}
        onChange={(next) => {
          setChosen(next);
          setConfig({});
        }}
      />
      {schema !== undefined && (
        <ConfigFields key={type} schema={schema} config={config} kept={connection?.config ?? {}} onChange={setConfig} />
      )}
      <ConnectionTest connection={connection} type={type} config={config} />
      {save.data?.warnings.map(({ path, message }) => (
        <p key={path} className="tone-warn" role="alert">
          Saved with a warning: {message}
        </p>
      ))}
    </Dialog>
  );
}

interface ConnectionTestProps {
  connection: Connection | undefined;
  type: string;
  config: Config;
}

/** A button that tests the connection without saving it. The result disappears when the configuration changes. */
function ConnectionTest({ connection, type, config }: ConnectionTestProps) {
  const test = useMutation({
    mutationFn: () => {
      const body = { type, config, ...(connection === undefined ? {} : { connectionId: connection.id }) };
      return bodyOf(api.POST('/api/v1/connections/test', { body }));
    },
  });
  const { reset } = test;
  useEffect(reset, [config, reset]);
  return (
    <>
      <div className="row-actions">
        <button type="button" disabled={test.isPending} onClick={() => test.mutate()}>
          Test before saving
        </button>
        {test.data !== undefined && <Status value={test.data.ok ? 'success' : 'failed'} label={test.data.message} />}
      </div>
      {test.error !== null && <Problem error={test.error} />}
    </>
  );
}

/** Returns the fields of a config that can be shown: all except secrets. */
function shownOf(config: Config): Config {
  return Object.fromEntries(
    Object.entries(config).filter(([, value]) => !(isRecord(value) && value['hasValue'] === true)),
  );
}

interface ConfigFieldsProps {
  schema: Config;
  config: Config;
  /** The saved config. Each secret in it is `{hasValue: true}`. */
  kept: Config;
  onChange(config: Config): void;
}

function ConfigFields({ schema, config, kept, onChange }: ConfigFieldsProps) {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : [];
  const set = (field: string, value: unknown) =>
    onChange(
      Object.fromEntries(Object.entries({ ...config, [field]: value }).filter(([, each]) => each !== undefined)),
    );
  return (
    <>
      {Object.entries(properties).map(([field, given]) => (
        <ConfigField
          key={field}
          field={field}
          schema={isRecord(given) ? given : {}}
          value={config[field]}
          hasValue={kept[field] !== undefined}
          required={required.includes(field)}
          onChange={(value) => set(field, value)}
        />
      ))}
    </>
  );
}

interface ConfigFieldProps {
  field: string;
  schema: Config;
  value: unknown;
  hasValue: boolean;
  required: boolean;
  onChange(value: unknown): void;
}

function ConfigField({ field, schema, value, hasValue, required, onChange }: ConfigFieldProps) {
  const label = required ? field : `${field} (optional)`;
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  const write = (next: string) =>
    onChange(next === '' ? undefined : schema['type'] === 'string' ? next : numberOr(next));
  if (schema['x-secret'] === true) {
    const hint = hasValue
      ? 'A value is set. Leave empty to keep it.'
      : 'Never shown after saving. Use ${{ secrets.NAME }} to refer to a secret.';
    if (schema['type'] === 'string')
      return <TextField label={label} type="password" value={text} onChange={write} hint={hint} />;
    return <JsonField label={label} value={value} onChange={onChange} hint={hint} />;
  }
  if (Array.isArray(schema['enum'])) {
    return <SelectField label={label} value={text} options={['', ...schema['enum'].map(String)]} onChange={write} />;
  }
  if (schema['type'] === 'boolean') return <CheckField label={label} checked={value === true} onChange={onChange} />;
  if (schema['type'] === 'string' || schema['type'] === 'number' || schema['type'] === 'integer')
    return <TextField label={label} value={text} onChange={write} required={required} />;
  return <JsonField label={label} value={value} onChange={onChange} hint="" />;
}

const numberOr = (text: string): unknown => (Number.isFinite(Number(text)) ? Number(text) : text);

function JsonField(props: { label: string; value: unknown; hint: string; onChange(value: unknown): void }) {
  const [text, setText] = useState(props.value === undefined ? '' : JSON.stringify(props.value, null, 2));
  const write = (next: string) => {
    setText(next);
    if (next.trim() === '') return props.onChange(undefined);
    try {
      props.onChange(JSON.parse(next));
    } catch {
      props.onChange(next);
    }
  };
  return (
    <AreaField label={`${props.label} (JSON or text)`} code rows={2} value={text} onChange={write} hint={props.hint} />
  );
}
