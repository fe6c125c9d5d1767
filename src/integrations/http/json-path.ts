import { ProviderFailure } from '../provider-failure';

type Part = string | number | '*';

/**
 * Returns the value at a path such as `$.items[0].name`, `$["a b"].c` or `$.items[*].id`. The leading `$` is optional.
 * Returns a list for a path with `*`, and null for any other path that does not exist.
 * @throws {ProviderFailure} config_invalid
 */
export function readJsonPath(value: unknown, path: string): unknown {
  const parts = partsOf(path);
  let found = [value];
  for (const part of parts) found = found.flatMap((one) => step(one, part));
  return parts.includes('*') ? found : (found[0] ?? null);
}

function step(value: unknown, part: Part): unknown[] {
  if (part === '*') {
    return typeof value === 'object' && value !== null ? (Object.values(value) as unknown[]) : [];
  }
  if (Array.isArray(value)) {
    const item: unknown = typeof part === 'number' ? value.at(part) : undefined;
    return item === undefined ? [] : [item];
  }
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return [];
  return [(value as Record<string, unknown>)[part]];
}

const PART = /\.?([A-Za-z_][\w-]*)|\.?\[(-?\d+|\*|"[^"]*"|'[^']*')\]|\.(\*)/y;

function partsOf(path: string): Part[] {
  const parts: Part[] = [];
  PART.lastIndex = path.startsWith('$') ? 1 : 0;
  while (PART.lastIndex < path.length) {
    const at = PART.lastIndex;
    const match = PART.exec(path);
    if (match === null) {
      throw new ProviderFailure('config_invalid', `"${path}" is not a valid JSON path: error at character ${at + 1}.`, {
        retryable: false,
      });
    }
    const [, name, inner, star] = match;
    if (name !== undefined) parts.push(name);
    else if (star !== undefined || inner === '*') parts.push('*');
    else parts.push(/^-?\d+$/.test(inner ?? '') ? Number(inner) : (inner ?? '').slice(1, -1));
  }
  return parts;
}
