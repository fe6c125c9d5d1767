/** The state of an entity, which is a JSON object. */
export type EntityState = Record<string, unknown>;

/**
 * The changes made by a write: the sorted names of the changed top-level fields, and their new values (null = the field
 * was removed).
 */
export interface StateDiff {
  changedFields: string[];
  delta: EntityState;
}

function definedKeys(value: object): string[] {
  return Object.entries(value).flatMap(([key, child]) => (child === undefined ? [] : [key]));
}

/**
 * Returns whether two JSON values are equal. The order of keys does not matter, and keys whose value is undefined are
 * ignored.
 */
export function sameJson(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => sameJson(item, b[i]));
  }
  const keys = definedKeys(a);
  if (keys.length !== definedKeys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && sameJson(ownField(a, key), ownField(b, key)));
}

/**
 * Returns an own property of a plain object, otherwise undefined. This matters because users choose the keys, which may
 * be `__proto__` or `constructor`.
 */
export function ownField(state: object | null, key: string): unknown {
  return state !== null && Object.hasOwn(state, key) ? (state as EntityState)[key] : undefined;
}

/** Compares two states field by field. Null represents an entity that does not exist. */
export function diffState(prev: EntityState | null, next: EntityState | null): StateDiff {
  const fields = new Set([...definedKeys(prev ?? {}), ...definedKeys(next ?? {})]);
  const changedFields = [...fields].filter((f) => !sameJson(ownField(prev, f), ownField(next, f))).sort();
  return { changedFields, delta: Object.fromEntries(changedFields.map((f) => [f, ownField(next, f) ?? null])) };
}
