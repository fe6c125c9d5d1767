import type { RetryPlan } from './plan';

/** Maximum pause, in milliseconds, that a server may request with `Retry-After`. */
export const MAX_RETRY_AFTER_MS = 3_600_000;
/**
 * Additional time for a step in milliseconds. It allows for outages of Postgres and Temporal, and for reading and
 * writing rows before and after each attempt.
 */
const INFRASTRUCTURE_MS = 600_000;

/**
 * Returns the deadline of a step that is performed as a call with retries. The deadline is given in milliseconds after
 * the step was scheduled. It is the sum of the timeouts of the attempts, a pause of at least one hour between two
 * attempts (the longest `Retry-After`), and 10 minutes for infrastructure.
 */
export function stepDeadlineMs(timeoutMs: number, { maxAttempts, maxSeconds }: RetryPlan): number {
  const pauseMs = Math.max(MAX_RETRY_AFTER_MS, maxSeconds * 1_000);
  return maxAttempts * timeoutMs + (maxAttempts - 1) * pauseMs + INFRASTRUCTURE_MS;
}
