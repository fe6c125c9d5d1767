/** Maximum length of a string that is shown in a message. */
const MAX_SHOWN = 60;
/** Matches names of fields whose values may be secret. */
const SECRET_NAME =
  /secret|passw|passphrase|token|credential|authorization|cookie|header|bearer|private|api_?key|routing_?key|signing|kubeconfig/i;
/** Matches addresses with a user, a query or a fragment, which may contain credentials. */
const ADDRESS_WITH_SECRET = /:\/\/[^\s]*[@?#]/;

/** Returns the value at a path below a root. Inherited properties are ignored. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** Returns whether the names on a path indicate that the value may be secret. */
export function isSecretPath(path: readonly PropertyKey[]): boolean {
  return path.some((part) => typeof part === 'string' && SECRET_NAME.test(part));
}

/** Returns the name of a value's type for messages. */
export function typeName(value: unknown): string {
  if (value === null) return 'nothing (null)';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  const names: Record<string, string> = {
    string: 'a string',
    number: 'a number',
    boolean: 'true or false',
    object: 'a map',
  };
  return names[typeof value] ?? typeof value;
}

/** Returns a string, number or boolean as shown in a message, or undefined if it is too long or may be secret. */
export function shownValue(value: unknown, isSecret: boolean): string | undefined {
  if (isSecret) return undefined;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string' || value.length > MAX_SHOWN || ADDRESS_WITH_SECRET.test(value)) return undefined;
  return value === '' ? 'an empty string' : JSON.stringify(value);
}

/**
 * Returns the type of a value and, if it is short and not secret, the value itself: `the string "x"`, `the number 5`,
 * `a list`.
 */
export function foundValue(value: unknown, isSecret: boolean): string {
  const shown = shownValue(value, isSecret);
  if (shown === undefined || Number.isNaN(value)) return typeName(value);
  if (typeof value === 'boolean' || value === '') return shown;
  return `the ${typeof value} ${shown}`;
}
