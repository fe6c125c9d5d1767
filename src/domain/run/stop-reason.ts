/** Longest reason of a `stop` in characters; it goes into the history and the row of the run. */
const MAX_REASON = 2_000;

/** The text of a rendered reason: data as JSON, cut to its limit. */
export function stopReason(rendered: unknown): string {
  const text = typeof rendered === 'string' ? rendered : (JSON.stringify(rendered) ?? '');
  return text.length <= MAX_REASON ? text : `${text.slice(0, MAX_REASON - 1)}…`;
}
