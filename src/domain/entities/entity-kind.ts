import type { z } from 'zod';
import type { EntityChange, Occurrence } from './change';

/** Maps a change to the events that triggers listen to. */
export type Deriver = (change: EntityChange) => Occurrence[];
/** Returns the fields that `automation.entity_changed` has besides the generic ones. */
export type PayloadMapper = (change: EntityChange) => Record<string, unknown>;

/** An entity kind that is defined in code. */
export interface EntityKind {
  kind: string;
  description: string;
  schema: z.ZodObject;
  /** Fields that expressions read in addition to the state, for kinds that have them (`health.system`). */
  viewSchema?: z.ZodObject;
  /** False = states and transitions are stored, but no changes are emitted; default true. */
  reactive?: boolean;
  /** Derives events. One that throws is recorded, and the change itself is still routed. */
  derive?: Deriver;
  /** Adds fields to the payload; absent = only the generic fields. */
  toPayload?: PayloadMapper;
  /**
   * Computes states, by id, for kinds that are not stored; entities that do not exist are left out. `db` is the
   * database; its type is that of the calling layer.
   */
  read?(context: ComputeContext, ids: readonly string[]): Promise<ReadonlyMap<string, object> | Record<string, object>>;
  /** Returns the ids of a computed kind, ascending, after `after`; absent = its entities cannot be listed. */
  list?(context: ComputeContext, page: { limit: number; after?: string }): Promise<readonly string[]>;
}

interface ComputeContext {
  db: unknown;
  now: Date;
}

/** Returns a kind for the plugin's `entityKinds`. */
export function defineEntity(
  kind: string,
  schema: z.ZodObject,
  options: { description: string } & Pick<EntityKind, 'derive' | 'toPayload'>,
): EntityKind {
  return { kind, schema, ...options };
}

/** Returns a kind that can be read but whose changes cause no events. */
export function declareNonReactiveState(
  kind: string,
  schema: z.ZodObject,
  options: { description: string },
): EntityKind {
  return { kind, schema, reactive: false, ...options };
}

/** Further events of a kind's changes, for the plugin's `derivers`; the kind may belong to another plugin. */
export interface ChangeDeriver {
  kind: string;
  derive: Deriver;
}

/** Returns a deriver for the plugin's `derivers`. */
export function registerChangeDeriver(kind: string, derive: Deriver): ChangeDeriver {
  return { kind, derive };
}
