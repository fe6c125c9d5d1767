import { sha256 } from '../sha256';

const V7 = /^([0-9a-f]{8}-[0-9a-f]{4})-7([0-9a-f]{3})-([89ab][0-9a-f]{3}-[0-9a-f]{2})[0-9a-f]{10}$/;

/**
 * Returns the id of the run that a change starts through a trigger. The same automation, trigger and change always give
 * the same id. A change that is routed again after a restore therefore leads to the same workflow id and the same
 * idempotency keys. The id is a UUID of version 8 that sorts like its change: it contains the milliseconds of `at` if
 * given, otherwise the time and counter of the change id if the change id is a UUID v7, otherwise the milliseconds of
 * `occurredAt`. The last 40 bits, or more, are a hash of the automation, the trigger and the change.
 */
export function runIdOf(
  from: { automationId: string; triggerId: string; changeId: string; occurredAt: Date },
  at?: Date,
): string {
  const hash = sha256(`${from.automationId}/${from.triggerId}/${from.changeId}`);
  const inChange = V7.exec(from.changeId);
  if (at === undefined && inChange !== null) {
    const [, time = '', counter = '', variant = ''] = inChange;
    return `${time}-8${counter}-${variant}${hash.slice(0, 10)}`;
  }
  const time = Math.max((at ?? from.occurredAt).getTime(), 0)
    .toString(16)
    .padStart(12, '0')
    .slice(-12);
  const variant = ((parseInt(hash.slice(3, 5), 16) & 0x3f) | 0x80).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-8${hash.slice(0, 3)}-${variant}${hash.slice(5, 7)}-${hash.slice(7, 19)}`;
}
