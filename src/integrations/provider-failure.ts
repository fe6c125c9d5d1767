import type { ErrorCode } from '../domain/errors';

interface ProviderFailureFacts {
  /** Whether another attempt with the same idempotency key may succeed. */
  retryable: boolean;
  /** Milliseconds that the provider asked us to wait (`Retry-After`, at most one hour); replaces the backoff. */
  retryAfterMs?: number | undefined;
  /** HTTP status of the answer, if any. */
  status?: number | undefined;
  /** Output of the failed call; stored with the step. */
  output?: unknown;
  cause?: unknown;
}

/**
 * A call to another system did not succeed. Retried: network errors, timeouts, 408, 425, 429, 5xx and statuses that the
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
