/**
 * Returns why text is not valid JSON, based on the message of the error that `JSON.parse` threw. Excerpts of the text
 * are left out, because they may contain a secret. Returns undefined when nothing else is left.
 */
export function jsonProblem(error: unknown): string | undefined {
  const message = error instanceof SyntaxError ? error.message : '';
  const said = /^[^"]+?(?=, (?:\.\.\.)?"|$)/.exec(message)?.[0];
  return said === undefined || said.includes('is not valid JSON') ? undefined : said;
}
