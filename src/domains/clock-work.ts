import type { SQL } from 'drizzle-orm';
import type { DomainWrite } from './domain-write';

/** Work of the domains that is due by time. */
export interface ClockWork {
  /** Whether there is any, as an SQL condition. */
  due: (now: Date) => SQL;
  /** Does at most `limit` of the work. Returns how many rows changed. */
  work: (write: DomainWrite, limit: number) => Promise<number>;
}
