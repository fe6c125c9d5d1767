import { ownField, type EntityState } from './diff';

function isObject(value: unknown): value is EntityState {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Applies a merge patch (RFC 7396): objects are merged, null removes a key, and everything else is replaced. Neither
 * argument is changed.
 */
export function mergePatch(target: EntityState | null, patch: EntityState): EntityState {
  const merged = new Map<string, unknown>(Object.entries(target ?? {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) merged.delete(key);
    else if (isObject(value)) {
      const before = ownField(target, key);
      merged.set(key, mergePatch(isObject(before) ? before : null, value));
    } else merged.set(key, value);
  }
  // `fromEntries` defines own properties, even one that is named `__proto__`.
  return Object.fromEntries(merged);
}
