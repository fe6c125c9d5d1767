import { zonedTime } from '../conditions/zoned-time';
import { dayRuleOf, weekdayRuleOf, type DayRule, type DayTerm } from './day-rules';

/** A parsed cron pattern, represented by the sets of values that it allows. */
export interface CronPattern {
  seconds: readonly number[];
  minutes: readonly number[];
  hours: readonly number[];
  /** Every day of the month that can match. For a pattern with L or W, `dayRules` determine the days. */
  daysOfMonth: readonly number[];
  months: readonly number[];
  /** Every weekday that can match, with 0 = Sunday. For a pattern with L or #, `weekdayRules` determine the days. */
  daysOfWeek: readonly number[];
  /** Present when the day of the month is not just a set of numbers. A day matches when one of these rules matches. */
  dayRules?: readonly DayRule[];
  /** Present when the day of the week is not just a set of numbers. A day matches when one of these rules matches. */
  weekdayRules?: readonly DayRule[];
  /**
   * Whether both the day of the month and the day of the week are restricted. A day then matches when either of them
   * matches.
   */
  eitherDay: boolean;
  /** Whether the hour is restricted. A time that the wall clock shows twice then fires only the first time. */
  fixedHour: boolean;
}

/** Thrown for an invalid cron pattern. The message explains the problem to users. */
export class CronError extends Error {
  override readonly name = 'CronError';
}

interface Field {
  name: string;
  least: number;
  most: number;
  words?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const SECOND: Field = { name: 'second', least: 0, most: 59 };
const MINUTE: Field = { name: 'minute', least: 0, most: 59 };
const HOUR: Field = { name: 'hour', least: 0, most: 23 };
const DAY_OF_MONTH: Field = { name: 'day of month', least: 1, most: 31 };
const MONTH: Field = { name: 'month', least: 1, most: 12, words: ['', ...MONTHS] };
const DAY_OF_WEEK: Field = { name: 'day of week', least: 0, most: 7, words: DAYS };
const MAX_DAYS_OF_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Names for common patterns, as in crontab(5). */
const MACROS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/**
 * Splits a pattern, or the pattern of a macro, into its five or six fields.
 * @throws {CronError} when the macro is unknown or the number of fields is wrong
 */
function partsOf(text: string): string[] {
  const name = text.trim().toLowerCase();
  if (name.startsWith('@') && MACROS[name] === undefined) {
    throw new CronError(`"${text.trim()}" is not one of ${Object.keys(MACROS).join(', ')}`);
  }
  const parts = (MACROS[name] ?? text.trim()).split(/\s+/);
  if (parts.length !== 5 && parts.length !== 6) {
    throw new CronError(
      `A cron pattern has five fields, or six with seconds first; this has ${text.trim() === '' ? 0 : parts.length}`,
    );
  }
  return parts;
}

/**
 * Parses a cron pattern: five fields, or six with seconds first. Fields may contain `*`, lists, ranges, steps and
 * English names. Macros such as `@daily` are accepted. The day of the month may be `L` (the last), `L-2`, `15W` (the
 * weekday nearest to the 15th) or `LW`; the day of the week may be `1#2` (the second Monday) or `5L` (the last Friday).
 * @throws {CronError} when the pattern is invalid, or when no month has such a day (`0 0 30 2 *`)
 */
export function parseCron(text: string): CronPattern {
  const parts = partsOf(text);
  const [second = '0', ...rest] = parts.length === 6 ? parts : ['0', ...parts];
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = ''] = rest;
  const [minutes = [], hours = [], months = []] = [
    valuesOf(minute, MINUTE),
    valuesOf(hour, HOUR),
    valuesOf(month, MONTH),
  ];
  const ofMonth = daysOf(dayOfMonth, DAY_OF_MONTH, dayRuleOf);
  const ofWeek = daysOf(dayOfWeek, DAY_OF_WEEK, (part) => weekdayRuleOf(part, (day) => numberOf(day, DAY_OF_WEEK)));
  const daysOfMonth = ofMonth.candidates;
  const pattern: CronPattern = {
    seconds: valuesOf(second, SECOND),
    ...{ minutes, hours, daysOfMonth, months },
    daysOfWeek: [...new Set(ofWeek.candidates.map((day) => day % 7))].sort((a, b) => a - b),
    ...(ofMonth.rules && { dayRules: ofMonth.rules }),
    ...(ofWeek.rules && { weekdayRules: ofWeek.rules }),
    eitherDay: isSet(dayOfMonth) && isSet(dayOfWeek),
    fixedHour: !hour.startsWith('*') && hours.length < 24,
  };
  const exists = months.some((each) => (daysOfMonth[0] ?? 1) <= (MAX_DAYS_OF_MONTH[each - 1] ?? 0));
  if (!exists && !isSet(dayOfWeek)) throw new CronError('None of these months has such a day');
  return pattern;
}

const isSet = (part: string): boolean => !part.startsWith('*') && part !== '?';

/**
 * Parses a field that may contain L, W or #. `candidates` contains every day that can match. `rules` is absent if the
 * numbers alone determine the days.
 */
function daysOf(
  text: string,
  field: Field,
  termOf: (part: string) => DayTerm | undefined,
): { candidates: number[]; rules?: DayRule[] } {
  const terms = text.split(',').map((part) => termOf(part) ?? { part });
  if (terms.every((term) => 'part' in term)) return { candidates: valuesOf(text, field) };
  const candidates = new Set<number>();
  const rules = terms.map((term): DayRule => {
    const days = 'part' in term ? valuesOf(term.part, field) : term.candidates;
    for (const day of days) candidates.add(day);
    if (!('part' in term)) return term.rule;
    return field === DAY_OF_MONTH
      ? ({ date }) => days.includes(date)
      : ({ weekday }) => days.some((day) => day % 7 === weekday);
  });
  return { candidates: [...candidates].sort((a, b) => a - b), rules };
}

/**
 * Returns warnings about misleading steps: `*\/90` for minutes is the same as `0`, and `*\/7` for minutes restarts each
 * hour.
 * @throws {CronError} when the pattern is invalid
 */
export function cronWarnings(text: string): string[] {
  parseCron(text);
  const parts = text.trim().split(/\s+/);
  const fields = [...(parts.length === 6 ? [SECOND] : []), MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK];
  return parts.flatMap((part, index) => {
    const field = fields[index];
    const step = /^\*\/(\d+)$/.exec(part)?.[1];
    if (step === undefined || field === undefined || field === DAY_OF_MONTH || field === DAY_OF_WEEK) return [];
    const size = field.most - field.least + 1;
    if (size % Number(step) === 0) return [];
    const effect =
      Number(step) >= size
        ? `matches only ${field.least}`
        : `does not divide ${size}, so the last step of each round is shorter`;
    return [`"${part}" of the ${field.name} ${effect}. For an even period use the trigger automation.interval`];
  });
}

function valuesOf(text: string, field: Field): number[] {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [range = '', step, ...more] = part.split('/');
    const by = step === undefined ? 1 : Number(step);
    if (more.length > 0 || !/^\d*$/.test(step ?? '') || !(by >= 1)) throw wrong(part, field);
    const [from, to] = rangeOf(range, field, part, step !== undefined);
    for (let value = from; value <= to; value += by) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

function rangeOf(range: string, field: Field, part: string, isStepped: boolean): [number, number] {
  if (range === '*' || (range === '?' && field.name.startsWith('day')))
    return [field.least, field.name === 'day of week' ? 6 : field.most];
  const [first = '', last, ...more] = range.split('-');
  const from = numberOf(first, field);
  const to = last === undefined ? (isStepped ? field.most : from) : numberOf(last, field);
  if (more.length > 0 || from === undefined || to === undefined || from > to) throw wrong(part, field);
  return [from, to];
}

function numberOf(text: string, { least, most, words = [] }: Field): number | undefined {
  const word = words.indexOf(text.slice(0, 3).toLowerCase());
  if (word >= 0 && text.length === 3) return word;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : NaN;
  return value >= least && value <= most ? value : undefined;
}

const wrong = (part: string, { name, least, most }: Field): CronError =>
  new CronError(`"${part}" is not a ${name}: expected ${least} to ${most}, a list, a range, or a step such as */5`);

/** Returns whether the wall clock of a zone shows a time that matches the pattern, to the second. */
export function cronMatches(pattern: CronPattern, instant: Date, timezone: string): boolean {
  const wall = wallOf(instant, timezone);
  if (!pattern.seconds.includes(wall.getUTCSeconds()) || !pattern.minutes.includes(wall.getUTCMinutes())) return false;
  return matchesHour(pattern, wall) && !(pattern.fixedHour && isSecondTime(instant, timezone));
}

/** Returns whether the hour, day and month of a wall clock match. */
function matchesHour(pattern: CronPattern, wall: Date): boolean {
  if (!pattern.hours.includes(wall.getUTCHours()) || !pattern.months.includes(wall.getUTCMonth() + 1)) return false;
  const here = {
    year: wall.getUTCFullYear(),
    month: wall.getUTCMonth(),
    date: wall.getUTCDate(),
    weekday: wall.getUTCDay(),
  };
  const day = pattern.dayRules?.some((rule) => rule(here)) ?? pattern.daysOfMonth.includes(here.date);
  const weekday = pattern.weekdayRules?.some((rule) => rule(here)) ?? pattern.daysOfWeek.includes(here.weekday);
  return pattern.eitherDay ? day || weekday : day && weekday;
}

/** Returns a date whose UTC fields are the wall-clock time of a zone. */
const wallOf = (instant: Date, timezone: string): Date =>
  new Date(Math.floor(instant.getTime() / 1_000) * 1_000 + zonedTime(instant, timezone).offsetMs);

const MAX_SHIFT_MS = 2 * 3_600_000;

/** Returns whether the wall clock shows this time for the second time, because clocks were set back. */
function isSecondTime(instant: Date, timezone: string): boolean {
  const { offsetMs } = zonedTime(instant, timezone);
  for (let back = 1_800_000; back <= MAX_SHIFT_MS; back += 1_800_000) {
    const before = new Date(instant.getTime() - back);
    if (zonedTime(before, timezone).offsetMs - offsetMs === back) return true;
  }
  return false;
}

/**
 * Number of minutes that `nextCron` searches ahead. It is 100 days, which always include the ends of two consecutive
 * months.
 */
const MAX_MINUTES = 144_000;
/** In every zone, each hour begins at a multiple of this many minutes in UTC. */
const QUARTER = 15;

/**
 * Returns the first time of a pattern after `after` and up to `until`, at most 100 days ahead, or null when there is
 * none.
 */
export function nextCron(pattern: CronPattern, after: Date, until: Date, timezone: string): Date | null {
  const start = Math.floor(after.getTime() / 60_000);
  const end = Math.min(Math.floor(until.getTime() / 60_000), start + MAX_MINUTES);
  const second = pattern.seconds[0] ?? 0;
  for (let minute = start; minute <= end; minute += 1) {
    const base = minute * 60_000;
    if (!matchesHour(pattern, wallOf(new Date(base), timezone))) {
      minute += QUARTER - 1 - (minute % QUARTER);
      continue;
    }
    if (!cronMatches(pattern, new Date(base + second * 1_000), timezone)) continue;
    for (const each of pattern.seconds) {
      const at = base + each * 1_000;
      if (at > after.getTime() && at <= until.getTime()) return new Date(at);
    }
  }
  return null;
}
