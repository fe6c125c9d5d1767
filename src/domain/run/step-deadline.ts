import type { RetryPlan } from './plan';

/** Longest pause that a far end may ask for with `Retry-After`. */
export const LONGEST_RETRY_AFTER_MS = 3_600_000;
/** What an outage of Postgres or Temporal may add to a step. */
const INFRASTRUCTURE_MS = 600_000;
/** What surrounds each attempt: reading the scope, masking, writing the row. */
const AROUND_ATTEMPT_MS = 60_000;

/**
 * Longest time that a step may take as a call with retries, in milliseconds: its attempts at their full timeouts, between
 * them pauses of at least an hour each, since a far end may ask for that with `Retry-After`, and 10 minutes for outages.
 */
export function stepDeadlineMs(timeoutMs: number, { maxAttempts, maxSeconds }: RetryPlan): number {
  const pauseMs = Math.max(LONGEST_RETRY_AFTER_MS, maxSeconds * 1_000);
  return maxAttempts * (timeoutMs + AROUND_ATTEMPT_MS) + (maxAttempts - 1) * pauseMs + INFRASTRUCTURE_MS;
}
