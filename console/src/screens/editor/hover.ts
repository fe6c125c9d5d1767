import cronstrue from 'cronstrue';
import { writtenMs } from '../../../../src/domain/definition/duration';
import { CronError, nextCron, parseCron, type CronPattern } from '../../../../src/domain/schedules/cron';
import { durationText } from '../../lib/time';
import { explainName, type Explanation } from './expression-hover';
import { schemasAt, typeText, valueAt, type Knowledge } from './schema-walk';
import { scanYaml, type Entry } from './yaml-place';

const UPCOMING = 3;
/** Maximum number of choices to list. Any others are only counted. */
const MAX_CHOICES = 12;
const YEAR_MS = 366 * 86_400_000;
/** Maximum period that one call of `nextCron` searches, in milliseconds. */
const SEARCHED_MS = 100 * 86_400_000;

/** Returns the hover text at an offset: for a name in an expression, otherwise for the key or value. */
export function describeAt(text: string, offset: number, knowledge: Knowledge): Explanation | undefined {
  const entries = scanYaml(text);
  const named = explainName(text, offset, knowledge, entries);
  if (named !== undefined) return named;
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  const entry = entries.filter(({ at }) => at >= start && at <= offset).at(-1);
  if (entry === undefined) return undefined;
  const key = String(entry.path.at(-1));
  const lines = [...valueLines(entry, entries, knowledge)];
  const schemas = schemasAt(knowledge, entries, entry.path);
  // The value is a known event or action. The general texts list all the others, so they would only distract.
  const isNamed = (key === 'event' || key === 'action') && lines.length > 0;
  const info = schemas.map((schema) => schema['description']).find((each) => typeof each === 'string');
  if (typeof info === 'string' && !isNamed) lines.unshift(info);
  const types = isNamed ? [] : [...new Set(schemas.map(typeText))].filter((each) => each !== '');
  const fallback = schemas.map((schema) => schema['default']).find((each) => each !== undefined);
  if (types.length > 0) lines.push(`Expects ${choicesText(types.join(' | '))}.`);
  if (fallback !== undefined) lines.push(`Default: ${JSON.stringify(fallback)}.`);
  if (lines.length === 0) return undefined;
  return { title: key, lines, from: entry.at, to: end < 0 ? text.length : end };
}

/** Returns up to 12 choices, separated by ` | `, and how many more there are. */
function choicesText(choices: string): string {
  const each = choices.split(' | ');
  if (each.length <= MAX_CHOICES) return choices;
  return `${each.slice(0, MAX_CHOICES).join(' | ')} or one of ${each.length - MAX_CHOICES} more`;
}

/** Returns the meaning of the value itself, such as the description of an event or the next times of a cron pattern. */
function valueLines(entry: Entry, entries: readonly Entry[], knowledge: Knowledge): string[] {
  const value = valueAt(entries, entry.path) ?? '';
  switch (entry.path.at(-1)) {
    case 'event':
      return knowledge.triggers.filter(({ id }) => id === value).map(({ description }) => description);
    case 'action':
      return knowledge.actions.filter(({ id }) => id === value).map(({ description }) => description);
    case 'connectionId':
      return knowledge.connections.filter(({ id }) => id === value).map(({ name, type }) => `${name} (${type})`);
    case 'cronPattern':
      return cronLines(value, valueAt(entries, [...entry.path.slice(0, -1), 'timezone']));
    case 'for':
      return [dwellText(durationAt(entries, entry.path))];
    case 'window':
      return [windowText((key) => valueAt(entries, [...entry.path, key]))];
    case 'delay':
    case 'timeout': {
      const duration = durationAt(entries, entry.path);
      return duration === undefined ? [] : [duration];
    }
    default:
      return [];
  }
}

/**
 * Returns the duration at a path, written as text or as a map of units. Returns undefined when it is a template or
 * incomplete.
 */
function durationAt(entries: readonly Entry[], path: Entry['path']): string | undefined {
  const units = ['days', 'hours', 'minutes', 'seconds'].flatMap((unit) => {
    const count = valueAt(entries, [...path, unit]);
    return count === undefined ? [] : [[unit, Number(count)] as const];
  });
  const ms = writtenMs(units.length > 0 ? Object.fromEntries(units) : valueAt(entries, path));
  return ms === undefined ? undefined : durationText(ms);
}

const dwellText = (duration = 'this long') =>
  `The cause must hold for ${duration} without interruption. Any change that contradicts it restarts the time.`;

function windowText(read: (key: string) => string | undefined): string {
  const [count, minutes] = [Number(read('count')), Number(read('minutes'))];
  if (!(count >= 1 && minutes > 0))
    return 'The trigger fires when this number of events occurs within this number of minutes.';
  const apart = read('partitionBy');
  const counted = apart === undefined ? '' : ` Events are counted separately for each value of ${apart}.`;
  const again =
    read('refire') === 'once'
      ? ' Further events do not start it again until the rate has dropped.'
      : ' Each further event starts it again while the rate continues.';
  return `The automation starts after ${count} events within ${durationText(minutes * 60_000)}.${again}${counted}`;
}

/** Describes a cron pattern in words and lists its next three times. For an invalid pattern, returns the error. */
export function cronLines(text: string, timezone = 'UTC'): string[] {
  try {
    const pattern = parseCron(text);
    const times: string[] = [];
    let after = new Date();
    const until = new Date(after.getTime() + YEAR_MS);
    while (times.length < UPCOMING) {
      const next = nextTime(pattern, after, until, timezone);
      if (next === null) break;
      times.push(timeIn(timezone, next));
      after = next;
    }
    return [
      cronText(text, pattern.eitherDay),
      times.length === 0 ? 'No time within the next year.' : `Next (${timezone}): ${times.join(' · ')}`,
    ];
  } catch (error) {
    return [error instanceof CronError ? error.message : 'Not a cron pattern.'];
  }
}

/**
 * Returns the first time after `after` and up to `until` at which a cron pattern fires, or null if there is none.
 * Searches in several calls, because `nextCron` searches only a limited period.
 */
function nextTime(pattern: CronPattern, after: Date, until: Date, timezone: string): Date | null {
  for (let from = after; from < until; from = new Date(from.getTime() + SEARCHED_MS)) {
    const next = nextCron(pattern, from, until, timezone);
    if (next !== null) return next;
  }
  return null;
}

/** Returns a date and time in a time zone, to the second. */
const timeIn = (timeZone: string, at: Date): string =>
  new Intl.DateTimeFormat(undefined, {
    ...{ timeZone, weekday: 'short', year: 'numeric', month: 'short', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  }).format(at);

/**
 * Returns a cron pattern in words.
 * @param eitherDay whether the pattern restricts both the day of the month and the day of the week. Cron then fires
 * when either matches.
 */
function cronText(text: string, eitherDay: boolean): string {
  const words = cronstrue.toString(text, { use24HourTimeFormat: true, throwExceptionOnParseError: false });
  return `${eitherDay ? words.replace('of the month, and on', 'of the month, or on') : words}.`;
}
