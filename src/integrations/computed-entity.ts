import type { z } from 'zod';
import type { Executor } from '../db/executor';
import type { EntityKind } from '../domain/entities/entity-kind';

/** The context in which states are read. */
export interface ReadContext {
  /** Executes the plugin's statements. A failed statement does not roll back the caller's transaction. */
  db: Executor;
  /** The current time of the database. */
  now: Date;
}

/** How the states of a kind are computed. */
interface ComputedOptions<S> {
  description: string;
  /**
   * Returns the states of the existing entities, by id. May take up to 5 s. An error makes `state.<kind>` unavailable.
   */
  read(context: ReadContext, ids: readonly string[]): Promise<ReadonlyMap<string, S> | Readonly<Record<string, S>>>;
  /**
   * Returns ids greater than `after`, in ascending order. Used for lists and for expressions over all entities of the
   * kind. If absent, the entities cannot be listed.
   */
  list?(context: ReadContext, page: { limit: number; after?: string }): Promise<readonly string[]>;
}

/**
 * Returns an entity kind whose states are computed when they are read, for the plugin's `entityKinds`. Computed states
 * are not stored, cannot be written, have no history, and cause no events.
 */
export function computedEntity<T extends z.ZodObject>(
  kind: string,
  schema: T,
  { description, read, list }: ComputedOptions<z.input<T>>,
): EntityKind {
  return { kind, schema, description, reactive: false, read, ...(list && { list }) };
}
