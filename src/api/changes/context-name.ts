import { z } from 'zod';
import { statesOfKeys } from '../../db/entity-states';
import type { Executor } from '../../db/executor';
import { nameOfEntity } from './entity-name';

/** Response schema for the name of a context key. */
export const ContextName = z
  .string()
  .nullable()
  .describe(
    'Name of the entity that the context key identifies: name and main labels of an alert, title of an incident or a maintenance; name of a system; null for other keys',
  );

/**
 * Returns the name for a context key that is the id of a system, an alert, an incident or a maintenance. Returns null
 * for other keys.
 */
export type NameOfKey = (key: string | null) => string | null;

/** Returns a function that maps the given keys to names. The names are read from the current states of the entities. */
export async function namesOfKeys(db: Executor, keys: readonly (string | null)[]): Promise<NameOfKey> {
  const states = await statesOfKeys(
    db,
    keys.flatMap((key) => key ?? []),
  );
  const names = new Map(states.map(({ kind, id, state }) => [id, nameOfEntity(kind, state)]));
  return (key) => (key === null ? null : (names.get(key) ?? null));
}

/** Returns a function that maps the context keys of the given rows to names. */
export const contextNames = (db: Executor, rows: readonly { contextKey: string | null }[]): Promise<NameOfKey> =>
  namesOfKeys(
    db,
    rows.map(({ contextKey }) => contextKey),
  );
