import { FermataError } from '../errors';

/** Matches NUL and lone surrogates, which Postgres refuses in text and jsonb. */
const UNSTORABLE = /[\0\ud800-\udfff]/u;
const UNSTORABLE_ALL = /[\0\ud800-\udfff]/gu;

function placeOf(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

function findUnstorable(value: unknown, path: string): string | undefined {
  if (typeof value === 'string') return UNSTORABLE.test(value) ? path : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) {
      const found = findUnstorable(value[i], placeOf(path, i));
      if (found !== undefined) return found;
    }
    return undefined;
  }
  for (const [key, child] of Object.entries(value)) {
    const found = UNSTORABLE.test(key) ? placeOf(path, key) : findUnstorable(child, placeOf(path, key));
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Throws for text that Postgres cannot store (NUL, half of a surrogate pair). Checks values and keys at any depth.
 * `path` is the name of the value in messages.
 * @throws {FermataError} `invalid_text`, which names the place
 */
export function assertStorable(value: unknown, path = ''): void {
  const found = findUnstorable(value, path);
  if (found === undefined) return;
  const place = found === '' ? 'The text' : found;
  const message = `${place} contains a NUL character or half of a surrogate pair, which cannot be stored`;
  throw new FermataError('invalid_text', message, { errors: [{ path: found, message, code: 'invalid_text' }] });
}

/**
 * Returns the same value with NUL and lone surrogates replaced by U+FFFD. It is used for data that must not be lost,
 * such as responses from third parties.
 */
export function toStorable<T>(value: T): T;
export function toStorable(value: unknown): unknown {
  if (typeof value === 'string') return UNSTORABLE.test(value) ? value.replace(UNSTORABLE_ALL, '\ufffd') : value;
  if (typeof value !== 'object' || value === null) return value;
  if (findUnstorable(value, '') === undefined) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => toStorable(item));
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [toStorable(key), toStorable(child)]));
}
