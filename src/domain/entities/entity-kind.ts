import type { z } from 'zod';
import type { EntityChange, Occurrence } from './change';

/** Returns the events that a change causes. Triggers can listen for these events. */
export type Deriver = (change: EntityChange) => Occurrence[];
/** Returns the fields that `automation.entity_changed` has in addition to the generic fields. */
export type PayloadMapper = (change: EntityChange) => Record<string, unknown>;

/** An entity kind that is defined in code. */
export interface EntityKind {
  kind: string;
  description: string;
  schema: z.ZodObject;
  /**
   * Fields that expressions can read in addition to the state. Set for kinds that have such fields (`health.system`).
   */
  viewSchema?: z.ZodObject;
  /** False = states and transitions are stored, but no changes are appended to the log. Default: true. */
  reactive?: boolean;
  /** Derives events. If it throws, the error is recorded, and the change itself is still routed. */
  derive?: Deriver;
  /** Adds fields to the payload. Default: only the generic fields. */
  toPayload?: PayloadMapper;
  /**
   * Computes states, by id, for a kind whose states are not stored. Entities that do not exist are left out. The
   * calling layer defines the type of the database, `context.db`.
   */
  read?(context: ComputeContext, ids: readonly string[]): Promise<ReadonlyMap<string, object> | Record<string, object>>;
  /**
   * Returns, in ascending order, the ids of a computed kind that follow `after`. If absent, the entities of the kind
   * cannot be listed.
   */
  list?(context: ComputeContext, page: { limit: number; after?: string }): Promise<readonly string[]>;
}

interface ComputeContext {
  db: unknown;
  now: Date;
}

/** Returns a kind for the `entityKinds` of a plugin. */
export function defineEntity(
  kind: string,
  schema: z.ZodObject,
  options: { description: string } & Pick<EntityKind, 'derive' | 'toPayload'>,
): EntityKind {
  return { kind, schema, ...options };
}

/** Returns a kind whose entities can be read but whose changes cause no events. */
export function declareNonReactiveState(
  kind: string,
  schema: z.ZodObject,
  options: { description: string },
): EntityKind {
  return { kind, schema, reactive: false, ...options };
}

/**
 * Derives additional events from the changes of a kind, which may belong to another plugin. Part of a plugin's
 * `derivers`.
 */
export interface ChangeDeriver {
  kind: string;
  derive: Deriver;
}

/** Returns a deriver for the `derivers` of a plugin. */
export function registerChangeDeriver(kind: string, derive: Deriver): ChangeDeriver {
  return { kind, derive };
}
