import type { EntityChange } from '../entities/change';

/** Selects the state changes that a listener receives. An absent field matches any value. */
export interface EntityFilter {
  kind?: string;
  id?: string;
  /** A top-level field that must have changed. */
  field?: string;
}

/**
 * How changes are delivered to a listener. `broadcast`: every running process receives each change; a process misses
 * the changes that occur while it is down. `work-queue`: a single process receives each change before it is routed.
 * Delivery is at least once, always with the same `changeId`. When the listener throws, the change is not routed and is
 * retried later.
 */
export type ListenerMode = 'broadcast' | 'work-queue';

/** Code that receives state changes. */
export interface EntityListener {
  filter: EntityFilter;
  mode: ListenerMode;
  handler(change: EntityChange): Promise<void> | void;
}

/** Returns a listener for the `listeners` of a plugin. */
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
