import type { Clock } from '../../domain/clock';
import { FermataError } from '../../domain/errors';

/** Maximum number of failed sign-ins from one address within a minute. Further sign-ins are refused without a check. */
const MAX_FAILURES = 10;
const WINDOW_MS = 60_000;
const MAX_ADDRESSES = 10_000;

/** Slows down attempts to guess tokens. Failures are counted separately in each process. */
export interface AttemptLimit {
  /**
   * Checks whether the address may try to sign in.
   * @throws {FermataError} `rate_limited` when it has had too many failures within the last minute
   */
  check(address: string): void;
  failed(address: string): void;
}

/** Creates a limit of ten failures per minute for each address. */
export function createAttemptLimit(clock: Clock): AttemptLimit {
  const failures = new Map<string, number[]>();
  const recent = (address: string, now: number) =>
    (failures.get(address) ?? []).filter((at) => at > now - WINDOW_MS && at <= now);
  return {
    check(address) {
      const now = clock.now().getTime();
      const times = recent(address, now);
      const [oldest] = times;
      if (oldest === undefined || times.length < MAX_FAILURES) return;
      throw new FermataError('rate_limited', 'Too many failed sign-ins from this address; wait a minute.', {
        retryAfterSeconds: Math.max(1, Math.ceil((oldest + WINDOW_MS - now) / 1000)),
      });
    },
    failed(address) {
      const now = clock.now().getTime();
      const times = [...recent(address, now), now];
      failures.delete(address);
      if (failures.size >= MAX_ADDRESSES) failures.clear();
      failures.set(address, times);
    },
  };
}
