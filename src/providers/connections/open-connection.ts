import { findConnection, type ConnectionRow } from '../../db/connections';
import type { Executor } from '../../db/executor';
import { FermataError } from '../../domain/errors';
import type { Cipher } from '../../domain/secrets/cipher';
import type { AnyConnectionType } from './connection-type';

/** A connection in clear: only inside the call that uses it. */
export interface OpenConnection {
  config: unknown;
  /** Values that nothing that leaves the call may contain. */
  secrets: string[];
}

/** What a sealed field of a connection is sealed for. */
export function connectionSecretName(id: string, field: string): string {
  return `connection:${id}:${field}`;
}

/** Opens a row. */
export function openConnection(cipher: Cipher, type: AnyConnectionType, row: ConnectionRow): OpenConnection {
  const opened = Object.entries(row.secrets).map(
    ([field, sealed]) => [field, cipher.open(connectionSecretName(row.id, field), sealed)] as const,
  );
  const config: unknown = type.configSchema.parse({ ...row.config, ...Object.fromEntries(opened) });
  return { config, secrets: opened.map(([, value]) => value) };
}

/** The connection that a step names. @throws {FermataError} config_invalid, which is not retried */
export function createConnections(deps: {
  db: Executor;
  cipher: Cipher;
  types: ReadonlyMap<string, AnyConnectionType>;
}) {
  return async (typeId: string, id: string): Promise<OpenConnection> => {
    const row = await findConnection(deps.db, id);
    const type = deps.types.get(typeId);
    if (row === null || type === undefined) {
      throw new FermataError('config_invalid', `There is no connection "${id}".`);
    }
    if (row.type !== typeId) {
      throw new FermataError('config_invalid', `The connection "${row.name}" is of type ${row.type}, not ${typeId}.`);
    }
    return openConnection(deps.cipher, type, row);
  };
}
