import { sha256 } from '../sha256';

const V7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7/;

/**
 * Id of the run that a change starts through a trigger: the same for the same three, so that a change that is routed
 * again after a restore leads to the same workflow id and the same idempotency keys. A UUID of version 8 that sorts by
 * time: its first 48 bits are milliseconds, of `at` if given, else of the change id when it is a UUID v7, else of `occurredAt`.
 */
export function runIdOf(
  from: { automationId: string; triggerId: string; changeId: string; occurredAt: Date },
  at?: Date,
): string {
  const hash = sha256(`${from.automationId}/${from.triggerId}/${from.changeId}`);
  const inChange = V7.exec(from.changeId);
  const time =
    at === undefined && inChange !== null
      ? `${inChange[1] ?? ''}${inChange[2] ?? ''}`
      : Math.max((at ?? from.occurredAt).getTime(), 0)
          .toString(16)
          .padStart(12, '0')
          .slice(-12);
  const variant = ((parseInt(hash.slice(3, 5), 16) & 0x3f) | 0x80).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-8${hash.slice(0, 3)}-${variant}${hash.slice(5, 7)}-${hash.slice(7, 19)}`;
}
