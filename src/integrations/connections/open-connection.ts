import { z } from 'zod';
import { connectionsNamed, type ConnectionRow } from '../../db/connections';
import type { Executor } from '../../db/executor';
import { FermataError } from '../../domain/errors';
import { childSchemas, unwrap } from '../../domain/definition/schema-at';
import { useRefusal, type BoundSecret, type SecretUse } from '../../domain/secrets/binding';
import type { Cipher } from '../../domain/secrets/cipher';
import { explain, problemText } from '../../domain/validation/explain';
import { secretNotAllowed } from '../../domain/secrets/not-allowed';
import { fillReferences, onlyReference, referencesIn } from '../../domain/secrets/references';
import type { SecretBackend } from '../secret-backend';
import type { AnyConnectionType } from './connection-type';

/** A connection with decrypted secrets. It exists only during the call that uses it. */
export interface OpenConnection {
  id: string;
  type: string;
  config: unknown;
  /** Secret values, each with its source. They must be masked in everything that the call returns, logs or stores. */
  secrets: { source: string; value: string }[];
  /** Secrets that may only be sent to certain hosts. Calls run under `withBoundSecrets`. */
  bound: BoundSecret[];
}

/** Returns the name under which a secret field of a connection is encrypted. */
export function connectionSecretName(id: string, field: string): string {
  return `connection:${id}:${field}`;
}

/** Returns the decrypted secret fields of a connection. References to stored secrets are not resolved. */
export function sealedValues(cipher: Cipher, row: ConnectionRow): Record<string, string> {
  const opened = Object.entries(row.secrets).map(
    ([field, sealed]) => [field, cipher.open(connectionSecretName(row.id, field), sealed)] as const,
  );
  return Object.fromEntries(opened);
}

/** Returns the value of a secret field. Fields that are not strings are stored as JSON. */
export function fieldValue(type: AnyConnectionType, field: string, text: string): unknown {
  const [schema] = childSchemas(type.configSchema, field);
  return schema === undefined || unwrap(schema) instanceof z.ZodString ? text : (JSON.parse(text) as unknown);
}

/**
 * Decrypts a connection and resolves the stored secrets that it refers to. A reference may be a whole value or part of
 * one, as in `Authorization: Bearer ${{ secrets.TOKEN }}`. `use` is the step that needs the connection.
 * @throws {FermataError} config_invalid; secret_not_allowed when a secret is bound to other uses
 */
export async function openConnection(
  { cipher, backend }: { cipher: Cipher; backend: SecretBackend },
  type: AnyConnectionType,
  row: ConnectionRow,
  use?: SecretUse,
): Promise<OpenConnection> {
  const fields = Object.entries(sealedValues(cipher, row)).map(([field, text]) => {
    const isReference = onlyReference(text) !== null;
    return { field, value: isReference ? text.trim() : fieldValue(type, field, text) };
  });
  // Addresses are stored in plain text. The secrets in them are references.
  const addresses = Object.entries(row.config).filter(([field]) => type.addressFields.includes(field));
  const values = [...fields.map(({ value }) => value), ...addresses.map(([, value]) => value)];
  const names = [...new Set(values.flatMap((value) => textsOf(value).flatMap(referencesIn)))];
  const found = await backend.resolve(names);
  const missing = names.find((name) => !found.has(name));
  if (missing !== undefined) throw unusable(row, `refers to the secret "${missing}", which does not exist`);
  for (const [name, { allow }] of use ? found : []) {
    const why = use && useRefusal(allow, use);
    if (why) throw secretNotAllowed(name, why);
  }
  const bound = [...found].flatMap(([name, { allow }]) => (allow?.hosts ? [{ name, hosts: allow.hosts }] : []));
  const clear = (text: string) => fillReferences(text, (name) => found.get(name)?.value ?? '');
  const opened = [...addresses, ...fields.map(({ field, value }) => [field, value] as const)].map(
    ([field, value]) => [field, mapTexts(value, clear)] as const,
  );
  // Any field may contain a secret now, so the messages show no values.
  const config = explain(type.configSchema, { ...row.config, ...Object.fromEntries(opened) }, () => true);
  if (!config.success) {
    const said = problemText(config.problems);
    throw unusable(row, `cannot be used: ${said}`);
  }
  const own = fields.flatMap(({ field, value }) =>
    textsOf(value).flatMap((text, index) => {
      if (referencesIn(text).length > 0) return [];
      const version = row.secrets[field]?.nonce ?? '';
      return [{ source: `${connectionSecretName(row.id, field)}@${version}:${index}`, value: text }];
    }),
  );
  const used = [...found].map(([name, { value, version }]) => ({ source: `secret:${name}@${version}`, value }));
  return { id: row.id, type: type.id, config: config.data, secrets: [...own, ...used], bound };
}

const unusable = (row: ConnectionRow, what: string) =>
  new FermataError('config_invalid', `The connection "${row.name}" ${what}.`);

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

function mapTexts(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === 'string') return map(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, map));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, mapTexts(child, map)]));
}

/**
 * Creates the function that finds a connection by id or name, as written in a step, and opens it. The function throws
 * {FermataError} `config_invalid`, after which the step is not retried, when no connection matches, when several match,
 * and when the type differs or is unknown. It also throws the errors of `openConnection`.
 */
export function createConnections(deps: {
  db: Executor;
  cipher: Cipher;
  backend: SecretBackend;
  types: ReadonlyMap<string, AnyConnectionType>;
}) {
  return async (typeId: string | null, idOrName: string, use: SecretUse): Promise<OpenConnection> => {
    const rows = await connectionsNamed(deps.db, idOrName);
    if (rows.length > 1) {
      throw new FermataError('config_invalid', `More than one connection has the name "${idOrName}"; use an id.`);
    }
    const [row] = rows;
    const type = deps.types.get(typeId ?? row?.type ?? '');
    if (row === undefined || type === undefined) {
      throw new FermataError('config_invalid', `Connection "${idOrName}" not found.`);
    }
    if (typeId !== null && row.type !== typeId) {
      throw new FermataError('config_invalid', `The connection "${row.name}" is of type ${row.type}, not ${typeId}.`);
    }
    return openConnection(deps, type, row, use);
  };
}
