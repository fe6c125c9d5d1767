import { maintenanceDuring } from '../../db/maintenance-during';
import type { Executor } from '../../db/executor';
import type { DecidingPart } from '../../domain/conditions/deciding-part';
import type { Change } from '../../domain/entities/change';

/**
 * Returns a note about the maintenance that made `in_maintenance` true in the deciding part of a condition, or
 * undefined if there was none.
 */
export async function maintenanceNote(
  db: Executor,
  change: Change,
  { expression, found }: DecidingPart,
): Promise<string | undefined> {
  if (found !== true || !expression.includes('in_maintenance')) return undefined;
  const systemId = systemOf(change);
  const maintenance = systemId === undefined ? undefined : await maintenanceDuring(db, systemId, change.occurredAt);
  if (maintenance === undefined) return undefined;
  return `maintenance "${maintenance.title}", until ${untilText(maintenance.endAt, change.occurredAt)}`;
}

/** Returns the id of the system that a change is about, or undefined. */
function systemOf(change: Change): string | undefined {
  if (change.kind === 'health') return change.id;
  const facts = change.shape === 'event' ? change.payload : (change.next ?? change.prev ?? {});
  return typeof facts['systemId'] === 'string' ? facts['systemId'] : undefined;
}

/** Returns a time in UTC. The date is included unless it is the same as the date of `from`. */
function untilText(end: Date, from: Date): string {
  const [day = '', time = ''] = end.toISOString().split('T');
  return from.toISOString().startsWith(day) ? time.slice(0, 5) : `${day} ${time.slice(0, 5)}`;
}
