/** Maximum timeout, in milliseconds, of a call that is first tried inside a workflow task. */
export const SHORT_CALL_MS = 5_000;
