import type { TimeCondition } from '../definition/condition';
import { secondsOfDay, WEEKDAYS } from '../definition/time-of-day';
import { fails, HOLDS, type Verdict } from './verdict';
import { type ZonedTime, zonedTime } from './zoned-time';

type Time = TimeCondition['time'];
const DAY_SECONDS = 86_400;
/**
 * Maximum number of steps in the search for the next change. This is enough for two bounds and midnight on each of
 * eight days, and for offset changes.
 */
const MAX_STEPS = 64;

/** Returns the weekdays as numbers, with Monday = 0. In documents, Sunday = 0. */
function weekdaysOf(weekday: NonNullable<Time['weekday']>): Set<number> {
  return new Set([weekday].flat().map((day) => (typeof day === 'number' ? (day + 6) % 7 : WEEKDAYS.indexOf(day))));
}

function boundsOf(time: Time): { from: number; to: number } {
  return {
    from: time.after === undefined ? 0 : secondsOfDay(time.after),
    to: time.before === undefined ? DAY_SECONDS : secondsOfDay(time.before),
  };
}

/** Returns why the time is outside the window, or undefined when it is inside. */
function outside(time: Time, { weekday, seconds }: ZonedTime): string | undefined {
  const { from, to } = boundsOf(time);
  const overnight = from > to;
  const inside = overnight ? seconds >= from || seconds < to : seconds >= from && seconds < to;
  if (!inside) return `outside ${time.after ?? '00:00'}–${time.before ?? '24:00'}`;
  if (time.weekday === undefined) return undefined;
  const startedOn = overnight && seconds < to ? (weekday + 6) % 7 : weekday;
  if (weekdaysOf(time.weekday).has(startedOn)) return undefined;
  return `the window started on ${WEEKDAYS[startedOn] ?? ''}`;
}

/**
 * Returns whether the wall-clock time is in the window. `after` is inclusive, `before` is exclusive. A window may
 * extend past midnight; its weekday is then the day on which it began. If only one bound is given, the other bound is
 * midnight. A window with equal bounds is empty.
 */
export function timeHolds({ time }: TimeCondition, now: Date, defaultTimezone: string): Verdict {
  const timezone = time.timezone ?? defaultTimezone;
  const why = outside(time, zonedTime(now, timezone));
  return why === undefined ? HOLDS : fails(`time: ${why} (${timezone})`);
}

/**
 * Returns the first time after `from` and up to `until` at which the zone's offset changes. The offsets at `from` and
 * `until` must differ.
 */
function offsetChange(from: number, until: number, timezone: string): number {
  const { offsetMs } = zonedTime(new Date(from), timezone);
  let same = from;
  let other = until;
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2);
    if (zonedTime(new Date(middle), timezone).offsetMs === offsetMs) same = middle;
    else other = middle;
  }
  return other;
}

/** Returns the next time at which the wall clock shows a bound or midnight, or at which the zone's offset changes. */
function nextBorder(at: number, time: Time, timezone: string): number {
  const { from, to } = boundsOf(time);
  const { seconds, offsetMs } = zonedTime(new Date(at), timezone);
  const distances = [from, to, DAY_SECONDS].map((bound) => {
    const ahead = (bound - seconds + DAY_SECONDS) % DAY_SECONDS;
    return ahead === 0 ? DAY_SECONDS : ahead;
  });
  const border = Math.floor(at / 1_000) * 1_000 + Math.min(...distances) * 1_000;
  const changed = zonedTime(new Date(border), timezone).offsetMs !== offsetMs;
  return changed ? offsetChange(at, border, timezone) : border;
}

/** Returns the next time at which `time` becomes true or false, or null when it never does. */
export function timeChangesAt({ time }: TimeCondition, now: Date, defaultTimezone: string): Date | null {
  const timezone = time.timezone ?? defaultTimezone;
  const holdsAt = (at: number) => outside(time, zonedTime(new Date(at), timezone)) === undefined;
  const today = holdsAt(now.getTime());
  let at = now.getTime();
  for (let step = 0; step < MAX_STEPS; step += 1) {
    at = nextBorder(at, time, timezone);
    if (holdsAt(at) !== today) return new Date(at);
  }
  return null;
}
