import { sha256 } from '../sha256';

/**
 * Limits, in milliseconds, for the time from which an id is derived: 24 hours before and one minute after the current
 * time. Ids sort by time, so a time outside these limits would misplace the change.
 */
const OLDEST_MS = 24 * 3_600_000;
const AHEAD_MS = 60_000;

/**
 * Returns the change id for an event that has an id from its sender. The change id is a UUID v7 with the event's time,
 * and does not depend on when the event is accepted. An event that is sent again after Postgres was restored from a
 * backup therefore starts runs with the same ids. Returns undefined when the event has no time, or a time too far from
 * `now`.
 */
export function changeIdOf(identity: string, time: Date | undefined, now: Date): string | undefined {
  if (time === undefined) return undefined;
  const age = now.getTime() - time.getTime();
  if (!(age <= OLDEST_MS && age >= -AHEAD_MS)) return undefined;
  const ms = time.getTime().toString(16).padStart(12, '0');
  const hash = sha256(identity);
  const variant = ((parseInt(hash.slice(0, 2), 16) & 0x3f) | 0x80).toString(16);
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7${hash.slice(2, 5)}-${variant}${hash.slice(5, 7)}-${hash.slice(7, 19)}`;
}
