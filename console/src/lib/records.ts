/** Returns a copy of an object without some of its keys. */
export function omit<Value extends object, Key extends keyof Value>(value: Value, ...keys: Key[]): Omit<Value, Key> {
  const left = Object.entries(value).filter(([key]) => !keys.includes(key as Key));
  return Object.fromEntries(left) as Omit<Value, Key>;
}

/** Returns whether a value is an object other than an array or null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
