import type { TimeCondition } from '../definition/condition';
import { secondsOfDay, WEEKDAYS } from '../definition/time-of-day';
import { fails, HOLDS, type Verdict } from './verdict';
import { zonedTime } from './zoned-time';

type Time = TimeCondition['time'];
const DAY_SECONDS = 86_400;

/**
 * Whether the wall clock lies in the window. `after` inclusive, `before` exclusive; overnight windows wrap, and their
 * weekday is the day they started; only one bound = from or until midnight; equal bounds = empty.
 */
export function timeHolds(time: Time, now: Date, defaultTimezone: string): Verdict {
  const timezone = time.timezone ?? defaultTimezone;
  const { weekday, seconds } = zonedTime(now, timezone);
  const from = time.after === undefined ? 0 : secondsOfDay(time.after);
  const to = time.before === undefined ? DAY_SECONDS : secondsOfDay(time.before);
  const overnight = from > to;
  const inside = overnight ? seconds >= from || seconds < to : seconds >= from && seconds < to;
  const clock = `${String(Math.floor(seconds / 3600)).padStart(2, '0')}:${String(Math.floor(seconds / 60) % 60).padStart(2, '0')} in ${timezone}`;
  if (!inside) return fails(`It is ${clock}, outside ${time.after ?? '00:00'}–${time.before ?? '24:00'}`);
  const startedOn = overnight && seconds < to ? (weekday + 6) % 7 : weekday;
  if (time.weekday === undefined || weekdaysOf(time.weekday).has(startedOn)) return HOLDS;
  return fails(`The window started on ${WEEKDAYS[startedOn] ?? ''} (${clock})`);
}

/** Monday = 0. In documents, numbers count from Sunday = 0. */
function weekdaysOf(weekday: NonNullable<Time['weekday']>): Set<number> {
  const list = Array.isArray(weekday) ? weekday : [weekday];
  return new Set(list.map((day) => (typeof day === 'number' ? (day + 6) % 7 : WEEKDAYS.indexOf(day))));
}
