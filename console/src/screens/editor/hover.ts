import { CronError, nextCron, parseCron } from '../../../../src/domain/schedules/cron';
import { absoluteText } from '../../lib/time';
import { schemasAt, typeText, valueAt, type Knowledge } from './schema-walk';
import { scanYaml, type Entry } from './yaml-place';

const UPCOMING = 3;
const YEAR_MS = 366 * 86_400_000;

/** What is known about the key or value under an offset: a heading and paragraphs. */
export function describeAt(
  text: string,
  offset: number,
  knowledge: Knowledge,
): { title: string; lines: string[]; from: number; to: number } | undefined {
  const entries = scanYaml(text);
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  const entry = entries.filter(({ at }) => at >= start && at <= offset).at(-1);
  if (entry === undefined) return undefined;
  const key = String(entry.path.at(-1));
  const lines = [...valueLines(entry, entries, knowledge)];
  const schemas = schemasAt(knowledge, entries, entry.path);
  const info = schemas.map((schema) => schema['description']).find((each) => typeof each === 'string');
  if (typeof info === 'string') lines.unshift(info);
  const types = [...new Set(schemas.map(typeText))].filter((each) => each !== '');
  const fallback = schemas.map((schema) => schema['default']).find((each) => each !== undefined);
  if (types.length > 0) lines.push(`Expects ${types.join(' | ').slice(0, 200)}.`);
  if (fallback !== undefined) lines.push(`Default: ${JSON.stringify(fallback)}.`);
  if (lines.length === 0) return undefined;
  return { title: key, lines, from: entry.at, to: end < 0 ? text.length : end };
}

/** What the value itself means. */
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
      return ['The cause must hold this long without a break; any change that contradicts it starts over.'];
    case 'window':
      return ['So many events within so many minutes; earlier ones do not start the automation.'];
    default:
      return [];
  }
}

/** The next times of a cron pattern. */
export function cronLines(text: string, timezone = 'UTC'): string[] {
  try {
    const pattern = parseCron(text);
    const times: string[] = [];
    let after = new Date();
    const until = new Date(after.getTime() + YEAR_MS);
    while (times.length < UPCOMING) {
      const next = nextCron(pattern, after, until, timezone);
      if (next === null) break;
      times.push(absoluteText(next.getTime()));
      after = next;
    }
    return [times.length === 0 ? 'Not within a year.' : `Next (${timezone}): ${times.join(' · ')}`];
  } catch (error) {
    return [error instanceof CronError ? error.message : 'Not a cron pattern.'];
  }
}
