/**
 * Returns why a text is not JSON, from the error of `JSON.parse`, without the part of the text that its message quotes:
 * it may be a secret, and the message is shown and stored. Undefined when nothing else is known.
 */
export function jsonProblem(error: unknown): string | undefined {
  const message = error instanceof SyntaxError ? error.message : '';
  const said = /^[^"]+?(?=, (?:\.\.\.)?"|$)/.exec(message)?.[0];
  return said === undefined || said.includes('is not valid JSON') ? undefined : said;
}
