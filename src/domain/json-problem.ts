/**
 * Returns why a text is not JSON, from the error of `JSON.parse`. The part of the text that the message of the error
 * quotes is left out, because it may be a secret and the message is shown and stored. Returns undefined when the
 * message contains nothing else.
 */
export function jsonProblem(error: unknown): string | undefined {
  const message = error instanceof SyntaxError ? error.message : '';
  const said = /^[^"]+?(?=, (?:\.\.\.)?"|$)/.exec(message)?.[0];
  return said === undefined || said.includes('is not valid JSON') ? undefined : said;
}
