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
