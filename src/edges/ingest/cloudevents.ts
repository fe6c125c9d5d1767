import { deliveryKey } from '../../db/claim-deliveries';
import { deliverEvents } from '../../db/deliver-events';
import { occurredAtOf } from '../../domain/entities/occurred-at';
import { eventRow, type CustomEvent } from '../../domains/automation/event-row';
import type { DomainWrite } from '../../domains/domain-write';
import type { CloudEvent } from './cloud-event';

/** Attributes that are there; optional ones come as undefined from the schema. */
function present({ subject, ...event }: CloudEvent): CustomEvent {
  return { ...event, ...(subject !== undefined && { subject }) };
}

/**
 * Takes in CloudEvents as `automation.event`; one seen before, by source and id, does nothing. One statement: `tx` may be
 * the database itself.
 */
export async function ingestCloudEvents(
  write: DomainWrite,
  events: readonly CloudEvent[],
): Promise<{ changeIds: string[] }> {
  const rows = events.map((event) => {
    const claimed = event.time === undefined ? undefined : new Date(event.time);
    const row = {
      changeId: write.entities.ids.next(),
      occurredAt: occurredAtOf(claimed, write.now),
      cause: write.cause,
    };
    return { ...eventRow(present(event), row), key: deliveryKey('cloudevent', event.source, event.id) };
  });
  return { changeIds: await deliverEvents(write.tx, rows) };
}
