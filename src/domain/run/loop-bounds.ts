import { FermataError } from '../errors';

const MAX_COUNT = 10_000;
const MAX_ITEMS = 10_000;
const MAX_BYTES = 1_048_576;

/**
 * Returns the number of iterations of a `count`. Numeric text is converted.
 * @throws {FermataError} `expression_error` for anything but a whole number from 0 to 10,000
 */
export function countOf(value: unknown): number {
  const count = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= MAX_COUNT) return count;
  throw new FermataError(
    'expression_error',
    `count: expected a whole number from 0 to ${MAX_COUNT}, got ${JSON.stringify(value) ?? 'nothing'}`,
  );
}

/**
 * Returns the items of a `for_each`.
 * @throws {FermataError} `expression_error` for a value that is not a list; `limit_exceeded` for more than 10,000 items
 * or more than 1 MB of JSON
 */
export function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) {
    const type = value === null ? 'null' : value === undefined ? 'nothing' : typeof value;
    throw new FermataError('expression_error', `for_each: expected a list, got ${type}`);
  }
  if (value.length > MAX_ITEMS || new TextEncoder().encode(JSON.stringify(value)).length > MAX_BYTES) {
    throw new FermataError('limit_exceeded', `for_each: at most ${MAX_ITEMS} items and 1 MB in total.`);
  }
  return value as unknown[];
}
