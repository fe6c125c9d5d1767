/** The author of a change. `automation` actors have the run id as `id`, so that a chain of causes can be followed. */
export interface Actor {
  type: 'user' | 'application' | 'service' | 'system' | 'automation';
  id: string;
  name?: string;
}

/** The origin of a write: its actor, the run that made it, if any, and the length of the chain of causes. */
export interface Cause {
  actor: Actor;
  /** The run that caused the change, or null. */
  causedBy: string | null;
  /**
   * Length of the chain of causes: 0 for changes from outside Fermata, otherwise the depth of the run that wrote the
   * change.
   */
  depth: number;
}

interface ChangeBase extends Cause {
  /** Identifies the change. All later stages use it to recognize duplicates. */
  changeId: string;
  /** Order in which the changes of an entity were committed. */
  seq: number;
  kind: string;
  id: string;
  occurredAt: Date;
}

/**
 * A change of an entity's state. `next` is null when the entity was removed, and `prev` is null when it was created.
 */
export interface EntityChange extends ChangeBase {
  shape: 'entity';
  prev: Record<string, unknown> | null;
  next: Record<string, unknown> | null;
  delta: Record<string, unknown>;
  changedFields: string[];
  /**
   * Facts other than the state: those that the writer passed for event payloads, e.g. a system's name, and the changes
   * from which this change was derived (`sourcesOf`). Stored in the row's `payload`.
   */
  context?: Record<string, unknown>;
}

/** An event, which is a change without an entity state. */
export interface EventChange extends ChangeBase {
  shape: 'event';
  event: string;
  payload: Record<string, unknown>;
  /** The changes from which the event was derived (`sourcesOf`). Stored in the row's `delta`. */
  context?: Record<string, unknown>;
}

export type Change = EntityChange | EventChange;

/** An event of a change, as triggers receive it: the event's id in the registry, and its payload. */
export interface Occurrence {
  event: string;
  payload: Record<string, unknown>;
  /** The reason why the event starts no run. Set when a silence covers the event. Waits still receive the event. */
  silenced?: string;
}
