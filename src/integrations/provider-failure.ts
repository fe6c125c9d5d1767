import type { ErrorCode } from '../domain/errors';

interface ProviderFailureFacts {
  /** Whether another attempt with the same idempotency key may succeed. */
  retryable: boolean;
  /** Pause in milliseconds that the provider requested (`Retry-After`, at most one hour). Replaces the backoff. */
  retryAfterMs?: number | undefined;
  /** HTTP status of the response, if any. */
  status?: number | undefined;
  /** Output of the failed call, stored with the step. */
  output?: unknown;
  cause?: unknown;
}

/**
 * Thrown when a call to another system fails. Network errors, timeouts, 408, 425, 429, 5xx and statuses that the action
 * adds are retried. Other statuses, refused addresses, and configuration that cannot be sent are not retried.
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
