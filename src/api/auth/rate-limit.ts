import type { Clock } from '../../domain/clock';
import { FermataError } from '../../domain/errors';

/** Maximum number of buckets in memory. When it is reached, the oldest bucket is removed to make room for a new one. */
const MAX_BUCKETS = 10_000;

/** Admits or refuses requests, per caller. */
export interface RateLimiter {
  /**
   * Counts a request.
   * @throws {FermataError} `rate_limited`, with the seconds until the next request is admitted
   */
  take(caller: string): void;
  /**
   * Refuses a caller that has used up its allowance, without counting a request.
   * @throws {FermataError} `rate_limited`
   */
  check(caller: string): void;
  /** Counts additional requests for a caller that has been admitted, which delays its next request. */
  charge(caller: string, requests: number): void;
}

/**
 * Creates a rate limiter with a token bucket per caller. A bucket holds one second's worth of requests and refills
 * continuously. Requests are counted separately in each process.
 */
export function createRateLimiter(perSecond: number, clock: Clock): RateLimiter {
  const buckets = new Map<string, { tokens: number; at: number }>();
  const refilled = (caller: string) => {
    const now = clock.now().getTime();
    let bucket = buckets.get(caller);
    if (bucket === undefined) {
      forgetOldest(buckets);
      bucket = { tokens: perSecond, at: now };
      buckets.set(caller, bucket);
    }
    const elapsedMs = Math.max(0, now - bucket.at);
    bucket.tokens = Math.min(perSecond, bucket.tokens + (elapsedMs * perSecond) / 1000);
    bucket.at = now;
    if (bucket.tokens >= 1) return bucket;
    const seconds = Math.max(1, Math.ceil((1 - bucket.tokens) / perSecond));
    throw new FermataError('rate_limited', `More than ${perSecond} requests per second; slow down and repeat.`, {
      retryAfterSeconds: seconds,
    });
  };
  return {
    take(caller) {
      refilled(caller).tokens -= 1;
    },
    charge(caller, requests) {
      const bucket = buckets.get(caller);
      if (bucket !== undefined) bucket.tokens -= requests;
    },
    check(caller) {
      if (buckets.has(caller)) refilled(caller);
    },
  };
}

/** Removes the bucket that was inserted first. This only bounds memory, so the exact age does not matter. */
function forgetOldest(buckets: Map<string, unknown>): void {
  if (buckets.size < MAX_BUCKETS) return;
  const oldest = buckets.keys().next();
  if (!oldest.done) buckets.delete(oldest.value);
}
