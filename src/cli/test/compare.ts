/** A difference between an expected and an actual value. `path` is the path of the expected value. */
export interface Difference {
  path: string;
  expected: unknown;
  found: unknown;
}

/**
 * Returns the differences between the expected and the actual value at `path`. In maps, only the expected keys are
 * compared, and an expected null also matches a missing key. Lists are compared completely. In strings, `*` matches any
 * characters.
 */
export function differences(expected: unknown, found: unknown, path: string): Difference[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(found) || found.length !== expected.length) return [{ path, expected, found }];
    return expected.flatMap((item, index) => differences(item, found[index], `${path}[${index}]`));
  }
  if (isMap(expected)) {
    if (!isMap(found)) return [{ path, expected, found }];
    return Object.entries(expected).flatMap(([key, value]) =>
      differences(value, Object.hasOwn(found, key) ? found[key] : undefined, path === '' ? key : `${path}.${key}`),
    );
  }
  if (typeof expected === 'string' && expected.includes('*') && typeof found === 'string') {
    return fits(expected, found) ? [] : [{ path, expected, found }];
  }
  return Object.is(expected, found) || (expected === null && found === undefined) ? [] : [{ path, expected, found }];
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Returns whether `text` matches a pattern with `*`. Does not backtrack: each part is searched for after the previous
 * part, and the last part must be at the end.
 */
function fits(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const last = parts.pop() ?? '';
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const place = index === 0 ? (text.startsWith(part) ? 0 : -1) : text.indexOf(part, at);
    if (place < 0) return false;
    at = place + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
