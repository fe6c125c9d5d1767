/** Returns the `code` of an error from Node or a library, or undefined if it is not a string. */
export function errorCode(error: unknown): string | undefined {
  const { code } = Object(error) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
