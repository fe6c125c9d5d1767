import { deliveryKey } from '../../db/claim-deliveries';
import { deliverEvents } from '../../db/deliver-events';
import { changeIdOf } from '../../domain/entities/change-id';
import { occurredAtOf } from '../../domain/entities/occurred-at';
import { eventRow, type CustomEvent } from '../../domains/automation/event-row';
import type { DomainWrite } from '../../domains/domain-write';
import { sha256 } from '../../domain/sha256';
import type { CloudEvent } from './cloud-event';

/** Returns the event, omitting `subject` if it is undefined. */
function present({ subject, ...event }: CloudEvent): CustomEvent {
  return { ...event, ...(subject !== undefined && { subject }) };
}

/** Identity of an event that was dropped because an earlier event had the same identity but different content. */
export interface DroppedEvent {
  source: string;
  id: string;
}

/**
 * Accepts CloudEvents as `automation.event` events. Ignores events that the same caller (`principal`) has already sent,
 * identified by source and id. `mismatched` lists the ignored events whose content differs from that of the first
 * event. Runs a single statement, so `tx` may also be the database.
 */
export async function ingestCloudEvents(
  write: DomainWrite,
  events: readonly CloudEvent[],
  principal: string,
): Promise<{ changeIds: string[]; mismatched: DroppedEvent[] }> {
  const rows = events.map((event) => {
    const claimed = event.time === undefined ? undefined : new Date(event.time);
    const key = deliveryKey('cloudevent', principal, event.source, event.id);
    const row = {
      changeId: changeIdOf(key, claimed, write.now) ?? write.entities.ids.next(),
      occurredAt: occurredAtOf(claimed, write.now),
      cause: write.cause,
    };
    const contentHash = sha256(
      JSON.stringify([event.type, event.subject ?? null, event.time ?? null, event.data ?? null]),
    );
    return { ...eventRow(present(event), row), key, contentHash, identity: { source: event.source, id: event.id } };
  });
  const { changeIds, mismatched } = await deliverEvents(write.tx, rows);
  return { changeIds, mismatched: rows.filter((row) => mismatched.includes(row)).map(({ identity }) => identity) };
}
