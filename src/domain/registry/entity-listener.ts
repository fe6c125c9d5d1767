import type { EntityChange } from '../entities/change';

/** Which changes of state a listener receives; an absent field matches any value. */
export interface EntityFilter {
  kind?: string;
  id?: string;
  /** A top-level field that must have changed. */
  field?: string;
}

/**
 * `broadcast`: every process that is running receives the change; changes are missed while a process is down.
 * `work-queue`: one of all processes receives it before the change is routed, at least once with the same `changeId`.
 * When the listener throws, the change is not routed, and is retried later.
 */
export type ListenerMode = 'broadcast' | 'work-queue';

/** Code that receives changes of state. */
export interface EntityListener {
  filter: EntityFilter;
  mode: ListenerMode;
  handler(change: EntityChange): Promise<void> | void;
}

/** Returns a listener for the plugin's `listeners`. */
export function onEntityChanged(
  filter: EntityFilter,
  handler: EntityListener['handler'],
  { mode = 'broadcast' }: { mode?: ListenerMode } = {},
): EntityListener {
  return { filter, mode, handler };
}

/** Returns whether a change matches the filter of a listener. */
export function listensTo({ filter: { kind, id, field } }: EntityListener, change: EntityChange): boolean {
  if (kind !== undefined && change.kind !== kind) return false;
  if (id !== undefined && change.id !== id) return false;
  return field === undefined || change.changedFields.includes(field);
}
