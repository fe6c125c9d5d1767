import type { z } from 'zod';
import type { Executor } from '../db/executor';
import type { EntityKind } from '../domain/entities/entity-kind';

/** The context of an accessor. */
export interface ReadContext {
  /** Statements of the plugin; a failed one undoes nothing of the caller. */
  db: Executor;
  /** By the clock of the database. */
  now: Date;
}

/** How the states of a kind are computed. */
interface ComputedOptions<S> {
  description: string;
  /** Returns the states of the existing entities, by id. May take 5 s. An error makes `state.<kind>` unavailable. */
  read(context: ReadContext, ids: readonly string[]): Promise<ReadonlyMap<string, S> | Readonly<Record<string, S>>>;
  /**
   * Returns ids in ascending order, after `after`, for expressions over the whole kind and for lists. Absent = not
   * listed.
   */
  list?(context: ReadContext, page: { limit: number; after?: string }): Promise<readonly string[]>;
}

/**
 * Returns a kind whose states are computed when they are read, for the plugin's `entityKinds`. They are not stored,
 * cannot be written, have no history, and cause no events.
 */
export function computedEntity<T extends z.ZodObject>(
  kind: string,
  schema: T,
  { description, read, list }: ComputedOptions<z.input<T>>,
): EntityKind {
  return { kind, schema, description, reactive: false, read, ...(list && { list }) };
}
