const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/;
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const MAX_LENGTH = 40;
const LAST = 8.64e15;

/**
 * Returns the milliseconds since 1970 of ISO 8601 text, an HTTP date, a number of milliseconds or a Date, or undefined
 * for anything else. A time without a zone is read as UTC, so that the result does not depend on the time zone of the
 * process.
 */
export function parseInstant(value: unknown): number | undefined {
  if (typeof value === 'number') return Math.abs(value) <= LAST ? Math.trunc(value) : undefined;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.getTime();
  if (typeof value !== 'string' || value.length > MAX_LENGTH) return undefined;
  const text = value.trim();
  const iso = ISO.exec(text);
  if (iso === null && !HTTP_DATE.test(text)) return undefined;
  const dated = iso === null || text.length <= 10 || iso[1] !== undefined ? text : `${text}Z`;
  const ms = Date.parse(dated.replace(',', iso === null ? ',' : '.').replace(/^(\d{4}-\d{2}-\d{2}) /, '$1T'));
  return Number.isNaN(ms) ? undefined : ms;
}
