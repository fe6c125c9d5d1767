import type { AutomationRecord } from '../../db/automation-store';
import type { Change, Occurrence } from '../../domain/entities/change';
import { occurrencesOf } from '../../domain/entities/occurrences';
import { normalizeEvent, type Registry } from '../../domain/registry/registry';
import type { TriggerType } from '../../domain/registry/trigger-type';
import { SCHEDULE_KIND, scheduleEntityId } from '../../domain/schedules/schedule-messages';

/** A trigger that listens for an event of the change. */
export interface ListeningTrigger {
  triggerId: string;
  occurrence: Occurrence;
  /** False also if the config is invalid. */
  matchesConfig: boolean;
}

/**
 * Returns the triggers that listen to a change, in the order of the definition, each with its event. The gates decide
 * whether they fire. A scheduled time is only returned for the trigger that it belongs to.
 */
export function triggersOf(
  registry: Registry,
  { id, definition: { triggers } }: Pick<AutomationRecord, 'id' | 'definition'>,
  change: Change,
): ListeningTrigger[] {
  const occurrences = occurrencesOf(change, registry, () => undefined);
  const isConcerned = (triggerId: string) =>
    change.kind !== SCHEDULE_KIND || change.id === scheduleEntityId(id, triggerId);
  return triggers
    .filter(({ id: triggerId }) => isConcerned(triggerId))
    .flatMap(({ id: triggerId, event, config }) => {
      const type = registry.trigger(event);
      if (type === undefined) return [];
      return occurrences
        .filter((occurrence) => occurrence.event === normalizeEvent(event))
        .map((occurrence) => ({ triggerId, occurrence, matchesConfig: matchesConfig(type, occurrence, config) }));
    });
}

function matchesConfig({ payloadOf }: TriggerType, { payload }: Occurrence, config: Record<string, unknown>): boolean {
  try {
    return payloadOf?.(payload, config) !== null;
  } catch {
    return false;
  }
}
