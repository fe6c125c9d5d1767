import { zonedTime } from '../conditions/zoned-time';

/** A cron pattern, as the sets of values that it allows. */
export interface CronPattern {
  seconds: readonly number[];
  minutes: readonly number[];
  hours: readonly number[];
  daysOfMonth: readonly number[];
  months: readonly number[];
  /** 0 = Sunday. */
  daysOfWeek: readonly number[];
  /** Both kinds of day are set: either of them is enough. */
  eitherDay: boolean;
  /** The hour is set: a time that the clock shows twice fires the first time only. */
  fixedHour: boolean;
}

/** What is wrong with a pattern; the message says what, for people. */
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
const FIELDS: readonly Field[] = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12, words: ['', ...MONTHS] },
  { name: 'day of week', least: 0, most: 7, words: DAYS },
];
const LONGEST_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Reads a standard cron pattern: five fields, or six with seconds first; `*`, lists, ranges, steps and English names.
 * @throws {CronError}
 */
export function parseCron(text: string): CronPattern {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== 5 && parts.length !== 6) {
    throw new CronError(
      `A cron pattern has five fields, or six with seconds first; this has ${text.trim() === '' ? 0 : parts.length}`,
    );
  }
  const [second = '0', ...rest] = parts.length === 6 ? parts : ['0', ...parts];
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = ''] = rest;
  const sets = [minute, hour, dayOfMonth, month, dayOfWeek].map((part, index) =>
    valuesOf(part, FIELDS[index] as Field),
  );
  const [minutes = [], hours = [], daysOfMonth = [], months = [], weekdays = []] = sets;
  const pattern: CronPattern = {
    seconds: valuesOf(second, SECOND),
    ...{ minutes, hours, daysOfMonth, months },
    daysOfWeek: [...new Set(weekdays.map((day) => day % 7))].sort((a, b) => a - b),
    eitherDay: isSet(dayOfMonth) && isSet(dayOfWeek),
    fixedHour: !hour.startsWith('*') && hours.length < 24,
  };
  const exists = months.some((each) => (daysOfMonth[0] ?? 1) <= (LONGEST_MONTH[each - 1] ?? 0));
  if (!exists && !isSet(dayOfWeek)) throw new CronError('No such day exists in any of these months');
  return pattern;
}

const isSet = (part: string): boolean => !part.startsWith('*') && part !== '?';

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
  new CronError(`"${part}" is no ${name}: ${least} to ${most}, a list, a range, or a step such as */5`);

/** Whether the wall clock of a zone shows a time of the pattern, as precisely as a second. */
export function cronMatches(pattern: CronPattern, instant: Date, timezone: string): boolean {
  const wall = wallOf(instant, timezone);
  if (!pattern.seconds.includes(wall.getUTCSeconds()) || !pattern.minutes.includes(wall.getUTCMinutes())) return false;
  if (!pattern.hours.includes(wall.getUTCHours()) || !pattern.months.includes(wall.getUTCMonth() + 1)) return false;
  const day = pattern.daysOfMonth.includes(wall.getUTCDate());
  const weekday = pattern.daysOfWeek.includes(wall.getUTCDay());
  if (!(pattern.eitherDay ? day || weekday : day && weekday)) return false;
  return !(pattern.fixedHour && isSecondTime(instant, timezone));
}

/** Wall clock as if it were UTC. */
const wallOf = (instant: Date, timezone: string): Date =>
  new Date(Math.floor(instant.getTime() / 1_000) * 1_000 + zonedTime(instant, timezone).offsetMs);

const LONGEST_SHIFT_MS = 2 * 3_600_000;

/** Whether the clock on the wall has shown this time once before: clocks were put back. */
function isSecondTime(instant: Date, timezone: string): boolean {
  const { offsetMs } = zonedTime(instant, timezone);
  for (let back = 1_800_000; back <= LONGEST_SHIFT_MS; back += 1_800_000) {
    const before = new Date(instant.getTime() - back);
    if (zonedTime(before, timezone).offsetMs - offsetMs === back) return true;
  }
  return false;
}

const MOST_MINUTES = 45_000;

/** The first time of a pattern after an instant and up to another; null = there is none. */
export function nextCron(pattern: CronPattern, after: Date, until: Date, timezone: string): Date | null {
  const start = Math.floor(after.getTime() / 60_000);
  const end = Math.min(Math.floor(until.getTime() / 60_000), start + MOST_MINUTES);
  for (let minute = start; minute <= end; minute += 1) {
    const base = minute * 60_000;
    const second = pattern.seconds[0] ?? 0;
    if (!cronMatches(pattern, new Date(base + second * 1_000), timezone)) continue;
    for (const each of pattern.seconds) {
      const at = base + each * 1_000;
      if (at > after.getTime() && at <= until.getTime()) return new Date(at);
    }
  }
  return null;
}
