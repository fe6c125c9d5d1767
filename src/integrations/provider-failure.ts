import type { ErrorCode } from '../domain/errors';

interface ProviderFailureFacts {
  /** Whether another attempt with the same idempotency key may succeed. */
  retryable: boolean;
  /** Milliseconds that the provider asked us to wait (`Retry-After`, at most one hour); takes the place of the backoff. */
  retryAfterMs?: number | undefined;
  /** HTTP status of the answer, when there was one. */
  status?: number | undefined;
  /** What the failed call left; kept on the step. */
  output?: unknown;
  cause?: unknown;
}

/**
 * A call to something outside that did not succeed. Retried: network errors, timeouts, 408, 425, 429, 5xx and what the
 * action adds; not retried: other statuses, refused addresses, configuration that cannot be sent (engine.md, Actions).
 */
export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure';
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly status: number | undefined;
  readonly output: unknown;

  constructor(
    readonly code: ErrorCode,
    message: string,
    facts: ProviderFailureFacts,
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.retryable = facts.retryable;
    this.retryAfterMs = facts.retryAfterMs;
    this.status = facts.status;
    this.output = facts.output;
  }
}
