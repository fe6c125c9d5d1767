import { FermataError } from '../../domain/errors';
import type { RateLimiter } from '../auth/rate-limit';

/** Maximum number of concurrent costly calls per token in this process. */
const MAX_AT_ONCE = 4;
/**
 * A costly call is charged one additional request for every full block of this many bytes in its body. Calls with
 * smaller bodies are not limited here.
 */
const BYTES_PER_REQUEST = 8_192;

/** Limits the number and rate of calls whose cost grows with their body size, separately for each token. */
export interface CostGuard {
  /**
   * Admits a call whose body has been read. Call the returned function after sending the response. With `always`, the
   * call is limited regardless of its body size.
   * @throws {FermataError} `rate_limited` when the token already has four such calls in progress
   */
  enter(caller: string, bytes: number, always?: boolean): () => void;
}

/** Creates a guard. `limiter` is the limiter of ordinary requests, which is charged for costly calls. */
export function createCostGuard(limiter: Pick<RateLimiter, 'charge'>): CostGuard {
  const running = new Map<string, number>();
  return {
    enter(caller, bytes, always = false) {
      if (bytes < BYTES_PER_REQUEST && !always) return () => undefined;
      const count = running.get(caller) ?? 0;
      if (count >= MAX_AT_ONCE) {
        throw new FermataError(
          'rate_limited',
          `This token already has ${MAX_AT_ONCE} concurrent calls that check or render documents; wait for one of them.`,
          { retryAfterSeconds: 1 },
        );
      }
      limiter.charge(caller, Math.floor(bytes / BYTES_PER_REQUEST));
      running.set(caller, count + 1);
      return () => {
        const left = (running.get(caller) ?? 1) - 1;
        if (left === 0) running.delete(caller);
        else running.set(caller, left);
      };
    },
  };
}
