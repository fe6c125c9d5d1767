import type { TriggerDefinition } from '../definition/trigger';
import { normalizeEvent } from '../registry/registry';
import { sha256 } from '../sha256';

/**
 * Names what a window counts: the same for every version that leaves event, filter and window of the trigger alone, so
 * that a save that does keeps the count.
 */
export function windowGateId({
  event,
  filter,
  window,
}: Pick<TriggerDefinition, 'event' | 'filter' | 'window'>): string {
  const { count, minutes, refire, partitionBy } = window ?? {};
  return sha256(JSON.stringify([normalizeEvent(event), filter ?? null, count, minutes, refire, partitionBy ?? null]));
}

/** Names what a `for:` gate waits on: an edit of anything of the trigger makes another of it. */
export function dwellGateId(trigger: TriggerDefinition): string {
  const { id, event, enabled, config, filter, window, for: duration } = trigger;
  return sha256(
    canonical([id, normalizeEvent(event), enabled, config, filter ?? null, window ?? null, duration ?? null]),
  );
}

/** JSON that does not depend on the order of keys: jsonb gives them back in its own. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
