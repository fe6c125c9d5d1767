import type { SQL } from 'drizzle-orm';
import type { DomainWrite } from './domain-write';

/** Domain work that becomes due at a point in time. */
export interface ClockWork {
  /** Returns an SQL condition that is true when work is due. */
  due: (now: Date) => SQL;
  /**
   * Does at most `limit` units of the due work. Returns how many units were done; `limit` means that more may be due.
   */
  work: (write: DomainWrite, limit: number) => Promise<number>;
}
