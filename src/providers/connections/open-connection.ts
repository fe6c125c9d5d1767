import { z } from 'zod';
import { findConnection, type ConnectionRow } from '../../db/connections';
import type { Executor } from '../../db/executor';
import { FermataError } from '../../domain/errors';
import { childSchemas, unwrap } from '../../domain/definition/schema-at';
import type { Cipher } from '../../domain/secrets/cipher';
import { onlyReference } from '../../domain/secrets/references';
import type { SecretBackend } from '../secrets/secret-backend';
import type { AnyConnectionType } from './connection-type';

/** A connection in clear: only inside the call that uses it. */
export interface OpenConnection {
  type: string;
  config: unknown;
  /** Values that nothing that leaves the call may contain, with what they are. */
  secrets: { source: string; value: string }[];
}

/** What a sealed field of a connection is sealed for. */
export function connectionSecretName(id: string, field: string): string {
  return `connection:${id}:${field}`;
}

/** What a connection's secret fields hold, by field; a reference to a secret stands as it was written. */
export function sealedValues(cipher: Cipher, row: ConnectionRow): Record<string, string> {
  const opened = Object.entries(row.secrets).map(
    ([field, sealed]) => [field, cipher.open(connectionSecretName(row.id, field), sealed)] as const,
  );
  return Object.fromEntries(opened);
}

/** A secret field that is no text is sealed as JSON. */
export function fieldValue(type: AnyConnectionType, field: string, text: string): unknown {
  const [schema] = childSchemas(type.configSchema, field);
  return schema === undefined || unwrap(schema) instanceof z.ZodString ? text : (JSON.parse(text) as unknown);
}

/** Opens a row and looks up the secrets that it refers to. @throws {FermataError} config_invalid */
export async function openConnection(
  { cipher, backend }: { cipher: Cipher; backend: SecretBackend },
  type: AnyConnectionType,
  row: ConnectionRow,
): Promise<OpenConnection> {
  const secrets: OpenConnection['secrets'] = [];
  const fields: Record<string, unknown> = {};
  for (const [field, text] of Object.entries(sealedValues(cipher, row))) {
    const name = onlyReference(text);
    if (name === null) {
      fields[field] = fieldValue(type, field, text);
      const source = `${connectionSecretName(row.id, field)}@${row.updatedAt.getTime()}`;
      secrets.push(...textsOf(fields[field]).map((value, index) => ({ source: `${source}:${index}`, value })));
      continue;
    }
    const found = (await backend.resolve([name])).get(name);
    if (!found) {
      throw new FermataError(
        'config_invalid',
        `The connection "${row.name}" refers to the secret "${name}", which there is not.`,
      );
    }
    fields[field] = found.value;
    secrets.push({ source: `secret:${name}@${found.version}`, value: found.value });
  }
  return { type: type.id, config: type.configSchema.parse({ ...row.config, ...fields }), secrets };
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

/** The connection that a step names. @throws {FermataError} config_invalid, which is not retried */
export function createConnections(deps: {
  db: Executor;
  cipher: Cipher;
  backend: SecretBackend;
  types: ReadonlyMap<string, AnyConnectionType>;
}) {
  return async (typeId: string | null, id: string): Promise<OpenConnection> => {
    const row = await findConnection(deps.db, id);
    const type = deps.types.get(typeId ?? row?.type ?? '');
    if (row === null || type === undefined) {
      throw new FermataError('config_invalid', `There is no connection "${id}".`);
    }
    if (typeId !== null && row.type !== typeId) {
      throw new FermataError('config_invalid', `The connection "${row.name}" is of type ${row.type}, not ${typeId}.`);
    }
    return openConnection(deps, type, row);
  };
}
