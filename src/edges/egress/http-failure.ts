import { ProviderFailure } from '../../integrations/provider-failure';
import type { EgressResponse } from './egress';
import { retryAfterMs } from './retry-after';

const RETRYABLE: ReadonlySet<number> = new Set([408, 425, 429]);

interface HttpFailureOptions {
  /** Statuses to retry in addition to 408, 425, 429 and 5xx. */
  retryOnStatus?: readonly number[];
  now: Date;
  /** Output to record with the step. */
  output?: unknown;
}

/**
 * Returns the failure (`http_status`) for a response without a 2xx status. If it is retryable, its delay is taken from
 * the `Retry-After` header.
 */
export function httpFailure(response: EgressResponse, options: HttpFailureOptions): ProviderFailure {
  const { status, headers, url } = response;
  const retryable = RETRYABLE.has(status) || status >= 500 || (options.retryOnStatus?.includes(status) ?? false);
  return new ProviderFailure('http_status', `${new URL(url).origin} answered with status ${status}.`, {
    status,
    retryable,
    retryAfterMs: retryable ? retryAfterMs(headers['retry-after'], options.now) : undefined,
    output: options.output,
  });
}
