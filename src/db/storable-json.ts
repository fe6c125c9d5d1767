/**
 * Returns a value as JSON that Postgres can store as `jsonb`. Removes NUL characters and replaces lone surrogates. Use
 * it for values that quote payloads, which may contain both.
 */
export function storableJson(value: unknown): string {
  const text = JSON.stringify(value);
  return UNSTORABLE.test(text) ? JSON.stringify(value, withoutUnstorable) : text;
}

const withoutUnstorable = (_key: string, value: unknown): unknown =>
  typeof value === 'string' ? value.replaceAll('\u0000', '').toWellFormed() : value;

/** Matches the JSON escapes of NUL and of lone surrogates. Also matches text that merely spells such an escape. */
const UNSTORABLE = /\\u(?:0000|d[89a-f])/;
