import { z } from 'zod';
import { statesOfKeys } from '../../db/entity-states';
import type { Executor } from '../../db/executor';
import { nameOfEntity } from './entity-name';

/** The name of a context key in responses. */
export const ContextName = z
  .string()
  .nullable()
  .describe(
    'Name of the entity that the context key identifies: name and main labels of an alert, title of an incident or a maintenance; name of a system; null for other keys',
  );

/**
 * Returns the name for a context key or the id of a system, an alert, an incident or a maintenance; null for other keys.
 */
export type NameOfKey = (key: string | null) => string | null;

/** Returns a function that returns the names for some keys, from the current states of the entities. */
export async function namesOfKeys(db: Executor, keys: readonly (string | null)[]): Promise<NameOfKey> {
  const states = await statesOfKeys(
    db,
    keys.flatMap((key) => key ?? []),
  );
  const names = new Map(states.map(({ kind, id, state }) => [id, nameOfEntity(kind, state)]));
  return (key) => (key === null ? null : (names.get(key) ?? null));
}

/** Returns a function that returns the names for the context keys of some rows. */
export const contextNames = (db: Executor, rows: readonly { contextKey: string | null }[]): Promise<NameOfKey> =>
  namesOfKeys(
    db,
    rows.map(({ contextKey }) => contextKey),
  );
