import type { Clock } from '../../domain/clock';

const SPAN_MS = 60_000;
const MAX_REMEMBERED = 10_000;

/** Decides which refusals of callers without a token are recorded in the audit log. */
export interface RefusalSampler {
  /**
   * Returns undefined if this refusal must not be recorded. Otherwise, returns the number of refusals that were left
   * out since the last recorded refusal.
   * @param maxPerMinute maximum number of recorded refusals for this address and action
   */
  take(address: string, action: string, maxPerMinute: number): { notRecorded?: number } | undefined;
}

/**
 * Creates a sampler that limits the audit rows of anonymous requests. It remembers up to 10,000 combinations of address
 * and action, and drops the oldest first. The HTTP metrics count all refusals.
 */
export function createRefusalSampler(clock: Clock): RefusalSampler {
  const seen = new Map<string, { since: number; recorded: number; notRecorded: number }>();
  return {
    take(address, action, maxPerMinute) {
      const key = `${action} ${address}`;
      const now = clock.now().getTime();
      let span = seen.get(key);
      if (span === undefined || Math.abs(now - span.since) >= SPAN_MS) {
        seen.delete(key);
        const [oldest] = seen.keys();
        if (seen.size >= MAX_REMEMBERED && oldest !== undefined) seen.delete(oldest);
        span = { since: now, recorded: 0, notRecorded: span?.notRecorded ?? 0 };
        seen.set(key, span);
      }
      if (span.recorded >= maxPerMinute) {
        span.notRecorded += 1;
        return undefined;
      }
      span.recorded += 1;
      const { notRecorded } = span;
      span.notRecorded = 0;
      return notRecorded === 0 ? {} : { notRecorded };
    },
  };
}
