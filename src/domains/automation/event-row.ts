import type { NewEvent } from '../../db/change-log';
import type { Cause } from '../../domain/entities/change';

/** The CloudEvents attributes that routing uses; all other attributes are kept as well. */
export interface CustomEvent extends Record<string, unknown> {
  id: string;
  type: string;
  source: string;
  subject?: string;
}

/**
 * Returns the change row of an event. Events with the same subject keep their order. Events without a subject keep the
 * order of their source.
 */
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
