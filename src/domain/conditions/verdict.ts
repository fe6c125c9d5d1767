/**
 * The result of a condition: true, false, or an error. `reason` is a human-readable explanation of why the result is
 * not true.
 */
export interface Verdict {
  value: boolean | 'error';
  reason?: string;
}

export const HOLDS: Verdict = { value: true };
export const fails = (reason: string): Verdict => ({ value: false, reason });
export const errs = (reason: string): Verdict => ({ value: 'error', reason });
