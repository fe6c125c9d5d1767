import { ElementError } from './sender';

export type Fields = Readonly<Record<string, unknown>>;

/**
 * Returns the value as an object.
 * @throws {ElementError} when it is not an object
 */
export function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new ElementError(`${what}: must be an object`);
}

/** Returns the field at `path`, or undefined if it is absent. Inherited properties count as absent. */
export function field(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (found, name) =>
      typeof found === 'object' && found !== null && Object.hasOwn(found, name) ? (found as Fields)[name] : undefined,
    value,
  );
}

/** Returns a field as a string, or undefined if it is absent or empty. Numbers and booleans become strings. */
export function text(value: unknown, ...path: readonly string[]): string | undefined {
  const found = field(value, ...path);
  if (typeof found === 'string') return found === '' ? undefined : found;
  return typeof found === 'number' || typeof found === 'boolean' ? String(found) : undefined;
}

/**
 * Returns a field as a string, as `text` does.
 * @throws {ElementError} when the field is absent or empty
 */
export function required(value: unknown, ...path: readonly string[]): string {
  const found = text(value, ...path);
  if (found === undefined) throw new ElementError(`${path.join('.')}: is required`);
  return found;
}

/**
 * Returns `value` as a map of strings. Numbers and booleans become strings, and nulls are dropped.
 * @throws {ElementError} for any other value
 */
export function textMap(value: unknown, what: string): Record<string, string> {
  if (value === undefined || value === null) return {};
  return Object.fromEntries(
    Object.entries(fieldsOf(value, what)).flatMap(([name, each]) => {
      if (each === null || each === undefined) return [];
      if (typeof each === 'object') throw new ElementError(`${what}.${name}: must be a string`);
      return [[name, String(each)]];
    }),
  );
}

/** Returns the entries of `texts` that are set. Undefined and empty values are left out. */
export function present(texts: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value]])),
  );
}

/**
 * First year in which a time counts as real. Senders represent an absent time by a zero value in an earlier year, such
 * as the year 1 or 1970.
 */
const FIRST_YEAR = 1971;

const inMilliseconds = (unix: number): number => (unix > 1e17 ? unix / 1e6 : unix > 1e14 ? unix / 1e3 : unix);

/**
 * Parses an ISO 8601 string, or a Unix time in milliseconds, microseconds or nanoseconds. Returns undefined for other
 * values and for zero values.
 */
export function instant(value: unknown): Date | undefined {
  const given = typeof value === 'string' && /^\d{12,19}$/.test(value) ? Number(value) : value;
  if (typeof given !== 'string' && typeof given !== 'number') return undefined;
  const iso = typeof given === 'string' ? given.replace(/([+-]\d\d)(\d\d)$/, '$1:$2') : inMilliseconds(given);
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) || at.getUTCFullYear() < FIRST_YEAR || at.getUTCFullYear() > 9999 ? undefined : at;
}

/**
 * Returns the first runbook link in `texts`, if any. Examples: `runbook: https://…`, `runbook_url=https://…`,
 * `[Runbook](https://…)`.
 */
export function runbookIn(...texts: readonly (string | undefined)[]): string | undefined {
  for (const each of texts) {
    const found = /run-?book(?:[ _-]?url)?\b[\s:=\])("'*<>|-]*?(https?:\/\/[^\s)\]"'<>|]+)/i.exec(each ?? '')?.[1];
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Returns the severity for a sender's priority: critical, error, warning or info. Returns undefined for other values.
 */
export function severityOfPriority(priority: string | undefined): string | undefined {
  const level = /^(?:p|sev ?)?([0-5])$/i.exec(priority?.trim() ?? '')?.[1];
  if (level === undefined) return undefined;
  const isAzure = /^sev/i.test(priority ?? '');
  const names = isAzure
    ? ['critical', 'error', 'warning', 'info', 'info']
    : ['critical', 'critical', 'error', 'warning', 'info', 'info'];
  return names[Number(level)];
}
