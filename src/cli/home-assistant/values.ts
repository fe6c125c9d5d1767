import { NotImported, TaggedValue } from './not-imported';
import { templateOfText } from './jinja';
import type { Names } from './jinja-names';

export type Fragment = Record<string, unknown>;

export const isMap = (value: unknown): value is Fragment =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof TaggedValue);

/** Returns a value as a list. Home Assistant accepts a single value wherever it expects a list. */
export function listOf(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/**
 * Returns the comma-separated items of a string, or of all strings in a list.
 * @throws {NotImported} when the value is anything else
 */
export function textsOf(value: unknown, what: string): string[] {
  return listOf(value).flatMap((one) => {
    if (typeof one !== 'string') throw new NotImported(`${what} is not a string`);
    return one.split(',').map((text) => text.trim());
  });
}

/**
 * Returns entity ids, which must be literal.
 * @throws {NotImported} for templates
 */
export function entitiesOf(value: unknown): string[] {
  const ids = textsOf(value, 'entity_id');
  const wrong = ids.find((id) => !/^[a-z0-9_]+\.[a-z0-9_]+$/.test(id));
  if (ids.length === 0 || wrong !== undefined)
    throw new NotImported(`"${wrong ?? ''}" is not an entity id such as light.kitchen`);
  return ids;
}

/**
 * Checks that a map has only the given keys, because the import would lose any others.
 * @throws {NotImported} when the map has another key
 */
export function onlyKeys(map: Fragment, keys: readonly string[]): void {
  const lost = Object.keys(map).find((key) => !keys.includes(key));
  if (lost !== undefined) throw new NotImported(`"${lost}" has no counterpart here`);
}

/** Returns the boolean that a YAML 1.1 value represents, or undefined if it is not a boolean. */
export function switchOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (value === 'on' || value === 'yes') return true;
  return value === 'off' || value === 'no' ? false : undefined;
}

export const isTemplate = (value: unknown): value is string => typeof value === 'string' && /\{\{|\{%/.test(value);

/**
 * Returns data in which all strings have been translated to Fermata templates.
 * @throws {NotImported} when a string cannot be translated
 */
export function dataOf(value: unknown, names: Names): unknown {
  if (typeof value === 'string') return templateOfText(value, names);
  if (value instanceof TaggedValue) throw new NotImported(`${value.tag} is only resolved by Home Assistant`);
  if (Array.isArray(value)) return value.map((one) => dataOf(one, names));
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, dataOf(one, names)]));
}

const UNITS = ['days', 'hours', 'minutes', 'seconds'] as const;

/**
 * Returns a duration in the format of Fermata's definitions.
 * @throws {NotImported} when the value is not a duration or cannot be translated
 */
export function durationOf(value: unknown, names: Names): unknown {
  if (typeof value === 'number' || (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value)))
    return { seconds: Number(value) };
  if (typeof value === 'string') {
    const [, hours, minutes, seconds = '00'] = /^(\d{1,3}):([0-5]\d)(?::([0-5]\d))?$/.exec(value.trim()) ?? [];
    if (hours !== undefined && minutes !== undefined) return `${hours.padStart(2, '0')}:${minutes}:${seconds}`;
    if (isTemplate(value)) return { template: templateOfText(value, names) };
  }
  if (!isMap(value)) throw new NotImported('the duration cannot be read');
  onlyKeys(value, [...UNITS, 'milliseconds']);
  const { milliseconds = 0, ...units } = value;
  const numbers = Object.entries({ ...units }).map(([unit, given]) => [unit, Number(given)] as const);
  if (numbers.some(([, given]) => Number.isNaN(given)) || Number.isNaN(Number(milliseconds))) {
    throw new NotImported('a duration with a template in one of its units: write {template: "{{ seconds }}"}');
  }
  const extra = Number(milliseconds) / 1_000;
  const written = Object.fromEntries(numbers) as Record<string, number>;
  return extra === 0 ? written : { ...written, seconds: (written['seconds'] ?? 0) + extra };
}

const SECONDS = { days: 86_400, hours: 3_600, minutes: 60, seconds: 1 };

/**
 * Returns a literal duration in seconds.
 * @throws {NotImported} for a template, or for less than one second
 */
export function secondsOf(value: unknown, names: Names): number {
  const duration = durationOf(value, names);
  let seconds = NaN;
  if (typeof duration === 'string') {
    const [hours = 0, minutes = 0, rest = 0] = duration.split(':').map(Number);
    seconds = hours * 3_600 + minutes * 60 + rest;
  } else if (isMap(duration) && !('template' in duration)) {
    seconds = Object.entries(SECONDS).reduce((sum, [unit, length]) => sum + Number(duration[unit] ?? 0) * length, 0);
  }
  if (!(seconds >= 1)) throw new NotImported('a timeout must be a fixed time of at least one second');
  return seconds;
}
