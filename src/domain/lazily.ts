/**
 * Returns a function that creates a value on its first call and returns the same value on every later call. Use this
 * function for values that are expensive to create and that most processes never need.
 */
export function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
