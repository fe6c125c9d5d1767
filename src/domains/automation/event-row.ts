import type { NewEvent } from '../../db/change-log';
import type { Cause } from '../../domain/entities/change';

/** Attributes of a CloudEvent that matter for routing; all others are kept. */
export interface CustomEvent extends Record<string, unknown> {
  id: string;
  type: string;
  source: string;
  subject?: string;
}

/** Returns an event as a row of the change log. Events of one subject keep their order; without one, those of one source do. */
export function eventRow(
  event: CustomEvent,
  row: { changeId: string; occurredAt: Date; cause: Cause },
): NewEvent & { changeId: string } {
  return {
    ...row,
    kind: 'event',
    id: event.subject ?? event.source,
    event: 'automation.event',
    payload: event,
    contextKey: event.subject ?? null,
  };
}
