import type { TriggerDefinition } from '../definition/trigger';
import { normalizeEvent } from '../registry/registry';
import { sha256 } from '../sha256';

/**
 * Returns the id under which the events of a window are counted. The id is the same for all versions in which the
 * trigger has the same event, filter and window. Saving such a version therefore keeps the count.
 */
export function windowGateId({
  event,
  filter,
  window,
}: Pick<TriggerDefinition, 'event' | 'filter' | 'window'>): string {
  const { count, minutes, refire, partitionBy } = window ?? {};
  return sha256(JSON.stringify([normalizeEvent(event), filter ?? null, count, minutes, refire, partitionBy ?? null]));
}

/** Returns the id of a trigger's dwell gate. Any edit of the trigger changes it. */
export function dwellGateId(trigger: TriggerDefinition): string {
  const { id, event, enabled, config, filter, window, for: duration } = trigger;
  return sha256(
    canonical([id, normalizeEvent(event), enabled, config, filter ?? null, window ?? null, duration ?? null]),
  );
}

/** Returns JSON that does not depend on the order of keys, because jsonb does not preserve this order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
