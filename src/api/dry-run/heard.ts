import type { AutomationRecord } from '../../db/automation-store';
import type { Change } from '../../domain/entities/change';
import { occurrencesOf } from '../../domain/entities/occurrences';
import { normalizeEvent, type Registry } from '../../domain/registry/registry';

/** A trigger that listens to what a change means, and the payload that it gets. */
export interface Heard {
  triggerId: string;
  /** null = the event has nothing that the config of the trigger asks for. */
  payload: Record<string, unknown> | null;
}

/** What the triggers of a definition receive of a change, in the order of the definition. */
export function heardOf(registry: Registry, { triggers }: AutomationRecord['definition'], change: Change): Heard[] {
  const occurrences = occurrencesOf(change, registry, () => undefined);
  return triggers.flatMap((trigger) =>
    occurrences.flatMap(({ event, payload }) => {
      const type = event === normalizeEvent(trigger.event) ? registry.trigger(trigger.event) : undefined;
      if (type === undefined) return [];
      return [{ triggerId: trigger.id, payload: type.payloadOf ? type.payloadOf(payload, trigger.config) : payload }];
    }),
  );
}
