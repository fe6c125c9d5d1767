import { isGrpcServiceError } from '@temporalio/client';

/** gRPC status codes of temporary failures. */
const UNAVAILABLE = new Set([1, 4, 8, 13, 14]);

/**
 * Returns whether an error means that Temporal is unreachable or overloaded, so that repeating the call later may
 * succeed.
 */
export function isTemporalUnavailable(error: unknown): boolean {
  for (let e: unknown = error, i = 0; e instanceof Error && i < 5; e = e.cause, i++) {
    if (isGrpcServiceError(e)) return UNAVAILABLE.has(e.code);
    if (/transport error|connection (refused|error|closed)|ECONNREFUSED|deadline|not connected/i.test(e.message))
      return true;
  }
  return false;
}
