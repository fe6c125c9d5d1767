import { zonedTime } from '../conditions/zoned-time';
import type { CronPattern } from './cron';

/** A set of times in UTC. It contains the times that match all fields. */
export type UtcCalendar = Omit<CronPattern, 'eitherDay' | 'fixedHour' | 'dayRules' | 'weekdayRules'>;

const DAY_MINUTES = 1_440;
const WEEK_MS = 7 * 86_400_000;
const WEEKS = 5 * 52;
const ALL_DAYS = Array.from({ length: 31 }, (_, index) => index + 1);
const ALL_WEEKDAYS = [0, 1, 2, 3, 4, 5, 6];

/**
 * Returns the offsets of a zone from UTC, in minutes, in the five years after `from`: one offset, or several if the
 * clocks change.
 */
export function offsetsOf(timezone: string, from: Date): number[] {
  const offsets = new Set<number>();
  for (let week = -1; week <= WEEKS; week += 1) {
    const at = new Date(from.getTime() + week * WEEK_MS);
    offsets.add(Math.round(zonedTime(at, timezone).offsetMs / 60_000));
  }
  return sorted(offsets);
}

/**
 * Returns UTC calendars that contain every time of a pattern in a zone with these offsets. They also contain other
 * times: the same wall-clock time with another offset, and days at the ends of months. The activity that fires decides
 * which of these times count (`cronMatches`).
 */
export function utcCalendars(pattern: CronPattern, offsets: readonly number[]): UtcCalendar[] {
  const calendars = new Map<string, UtcCalendar>();
  for (const offset of offsets) {
    for (const { days, minutesByHour } of byDays(pattern, offset)) {
      for (const { hours, minutes } of alike(minutesByHour)) {
        const calendar = { seconds: pattern.seconds, minutes, hours, ...days };
        calendars.set(JSON.stringify(calendar), calendar);
      }
    }
  }
  return [...calendars.values()];
}

type Days = Pick<UtcCalendar, 'daysOfMonth' | 'months' | 'daysOfWeek'>;
type MinutesByHour = Map<number, Set<number>>;

/** Returns hours and minutes in UTC, grouped by the days to which they apply. */
function byDays(pattern: CronPattern, offset: number): { days: Days; minutesByHour: MinutesByHour }[] {
  const groups = new Map<string, { days: Days; minutesByHour: MinutesByHour }>();
  for (const [shift, minutesByHour] of byShift(pattern, offset)) {
    for (const days of daysOf(pattern, shift)) {
      const key = JSON.stringify(days);
      const group = groups.get(key) ?? { days, minutesByHour: new Map<number, Set<number>>() };
      for (const [hour, minutes] of minutesByHour) addMinutes(group.minutesByHour, hour, minutes);
      groups.set(key, group);
    }
  }
  return [...groups.values()];
}

/** Returns hours and minutes in UTC, by the difference between the UTC day and the local day: -1, 0 or 1. */
function byShift(pattern: CronPattern, offset: number): Map<number, MinutesByHour> {
  const shifts = new Map<number, MinutesByHour>();
  for (const hour of pattern.hours) {
    for (const minute of pattern.minutes) {
      const utc = hour * 60 + minute - offset;
      const shift = Math.floor(utc / DAY_MINUTES);
      const ofDay = utc - shift * DAY_MINUTES;
      const minutesByHour = shifts.get(shift) ?? new Map<number, Set<number>>();
      addMinutes(minutesByHour, Math.floor(ofDay / 60), [ofDay % 60]);
      shifts.set(shift, minutesByHour);
    }
  }
  return shifts;
}

function addMinutes(minutesByHour: MinutesByHour, hour: number, minutes: Iterable<number>): void {
  const known = minutesByHour.get(hour) ?? new Set<number>();
  for (const minute of minutes) known.add(minute);
  minutesByHour.set(hour, known);
}

/**
 * Returns the days of a pattern, moved by `shift` days (-1, 0 or 1). If it is enough that a day matches either the day
 * of the month or the day of the week (`eitherDay`), returns a separate set for each of the two.
 */
function daysOf({ daysOfMonth, months, daysOfWeek, eitherDay }: CronPattern, shift: number): Days[] {
  const weekdays = sorted(new Set(daysOfWeek.map((day) => (day + shift + 7) % 7)));
  if (!eitherDay) return [{ ...moved(daysOfMonth, months, shift), daysOfWeek: weekdays }];
  return [
    { ...moved(daysOfMonth, months, shift), daysOfWeek: ALL_WEEKDAYS },
    { ...moved(ALL_DAYS, months, shift), daysOfWeek: weekdays },
  ];
}

/**
 * Returns every day that may result from moving one of these days by `shift` days (-1, 0 or 1). The last day of a month
 * may be any day from the 28th on.
 */
function moved(
  days: readonly number[],
  months: readonly number[],
  shift: number,
): Pick<Days, 'daysOfMonth' | 'months'> {
  if (shift === 0) return { daysOfMonth: days, months };
  const crosses = shift < 0 ? days.includes(1) : days.some((day) => day >= 28);
  const beyond = !crosses ? [] : shift < 0 ? [28, 29, 30, 31] : [1];
  const inside = days.map((day) => day + shift).filter((day) => day >= 1 && day <= 31);
  const others = crosses ? months.map((month) => ((month - 1 + shift + 12) % 12) + 1) : [];
  return {
    daysOfMonth: sorted(new Set([...inside, ...beyond])),
    months: sorted(new Set([...months, ...others])),
  };
}

/** Groups hours that have the same minutes. */
function alike(minutesByHour: MinutesByHour): { hours: number[]; minutes: number[] }[] {
  const found = new Map<string, { hours: number[]; minutes: number[] }>();
  for (const [hour, set] of [...minutesByHour].sort(([a], [b]) => a - b)) {
    const minutes = sorted(set);
    const group = found.get(minutes.join()) ?? { hours: [], minutes };
    group.hours.push(hour);
    found.set(minutes.join(), group);
  }
  return [...found.values()];
}

const sorted = (values: Iterable<number>): number[] => [...values].sort((a, b) => a - b);
