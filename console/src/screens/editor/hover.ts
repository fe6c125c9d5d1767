import cronstrue from 'cronstrue';
import { writtenMs } from '../../../../src/domain/definition/duration';
import { CronError, nextCron, parseCron } from '../../../../src/domain/schedules/cron';
import { durationText } from '../../lib/time';
import { explainName, type Explanation } from './expression-hover';
import { schemasAt, typeText, valueAt, type Knowledge } from './schema-walk';
import { scanYaml, type Entry } from './yaml-place';

const UPCOMING = 3;
/** Choices that are named; of more, only their number. */
const MAX_CHOICES = 12;
const YEAR_MS = 366 * 86_400_000;

/** Returns what is known about the name of an expression, the key or the value under an offset. */
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
  // Each event and each action has a schema of its own: what the other ones say is not about this one.
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

/** Returns choices as they are; of many the first ones, and how many there are besides. */
function choicesText(choices: string): string {
  const each = choices.split(' | ');
  if (each.length <= MAX_CHOICES) return choices;
  return `${each.slice(0, MAX_CHOICES).join(' | ')} or one of ${each.length - MAX_CHOICES} more`;
}

/** Returns what the value itself means. */
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
 * Returns the length of time that is written at a path, as it is or in units; undefined when it is a template or not
 * complete.
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
  `The cause must hold for ${duration} without a break; any change that contradicts it starts over.`;

function windowText(read: (key: string) => string | undefined): string {
  const [count, minutes] = [Number(read('count')), Number(read('minutes'))];
  if (!(count >= 1 && minutes > 0))
    return 'The trigger fires when this many events have occurred within these minutes. Fewer events do not start the automation.';
  const apart = read('partitionBy');
  const counted = apart === undefined ? '' : ` Events are counted apart by ${apart}.`;
  const again =
    read('refire') === 'once'
      ? ' Further ones do not, until they come less often.'
      : ' So does each further one while they come that often.';
  return `Event number ${count} within ${durationText(minutes * 60_000)} starts the automation.${again}${counted}`;
}

/** Returns a cron pattern in words, and its next times. */
export function cronLines(text: string, timezone = 'UTC'): string[] {
  try {
    const pattern = parseCron(text);
    const times: string[] = [];
    let after = new Date();
    const until = new Date(after.getTime() + YEAR_MS);
    while (times.length < UPCOMING) {
      const next = nextCron(pattern, after, until, timezone);
      if (next === null) break;
      times.push(timeIn(timezone, next));
      after = next;
    }
    return [
      cronText(text, pattern.eitherDay),
      times.length === 0 ? 'Not within a year.' : `Next (${timezone}): ${times.join(' · ')}`,
    ];
  } catch (error) {
    return [error instanceof CronError ? error.message : 'Not a cron pattern.'];
  }
}

/** Returns date and time in the zone of the pattern, to the second. */
const timeIn = (timeZone: string, at: Date): string =>
  new Intl.DateTimeFormat(undefined, {
    ...{ timeZone, weekday: 'short', year: 'numeric', month: 'short', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  }).format(at);

/** @param eitherDay days of the month and of the week are given, and one of them is enough */
function cronText(text: string, eitherDay: boolean): string {
  const words = cronstrue.toString(text, { use24HourTimeFormat: true, throwExceptionOnParseError: false });
  return `${eitherDay ? words.replace('of the month, and on', 'of the month, or on') : words}.`;
}
