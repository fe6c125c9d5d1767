import { z } from 'zod';
import { statesOfKeys } from '../../db/entity-states';
import type { Executor } from '../../db/executor';
import { nameOfEntity } from './entity-name';

/** The name of a context key in responses. */
export const ContextName = z
  .string()
  .nullable()
  .describe(
    'Name of the entity that the context key identifies: name and main labels of an alert, title of an incident or a maintenance; null for other keys',
  );

/** Returns a function that returns the name for a context key of the rows, from the current states of the entities. */
export async function contextNames(
  db: Executor,
  rows: readonly { contextKey: string | null }[],
): Promise<(contextKey: string | null) => string | null> {
  const states = await statesOfKeys(
    db,
    rows.flatMap(({ contextKey }) => contextKey ?? []),
  );
  const names = new Map(states.map(({ kind, id, state }) => [id, nameOfEntity(kind, state)]));
  return (contextKey) => (contextKey === null ? null : (names.get(contextKey) ?? null));
}
