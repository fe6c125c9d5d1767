import type { SQL } from 'drizzle-orm';
import type { DomainWrite } from './domain-write';

/** Something in the domains that falls due by the clock. */
export interface ClockWork {
  /** Whether there is any, as an SQL condition. */
  due: (now: Date) => SQL;
  /** Does at most `limit` of it; returns how many rows changed. */
  work: (write: DomainWrite, limit: number) => Promise<number>;
}
