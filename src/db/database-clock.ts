import { sql } from 'drizzle-orm';
import type { Clock } from '../domain/clock';
import type { Executor } from './executor';

/** Interval in milliseconds between readings of the database's time. */
const EVERY_MS = 15_000;
/** Number of queries per measurement. The query with the shortest round trip is used. */
const SAMPLES = 3;
/**
 * Minimum jump of the wall clock relative to the monotonic clock, in milliseconds. A jump of this size means that the
 * clock was set or that the machine was suspended.
 */
const JUMP_MS = 1_000;
/** Minimum skew in milliseconds that is logged. */
const REPORT_MS = 5_000;

/**
 * The database's clock, which is used for all deadlines so that workers and API processes agree even if their own
 * clocks differ.
 */
export interface DatabaseClock extends Clock {
  /**
   * Returns how far this machine's clock is ahead of the database's, in milliseconds. The value is negative when it is
   * behind.
   */
  skewMs(): number;
  stop(): void;
}

/**
 * Follows the database's clock: reads it now and every 15 s, and adds the monotonic time that has elapsed since the
 * last reading. Reads it again when this machine's clock jumps. While Postgres is unreachable, continues from the last
 * reading.
 * @throws when the first reading fails
 */
export async function followDatabaseClock(
  db: Executor,
  deps: { onSkew: (skewMs: number) => void; wall?: () => number; monotonic?: () => number; everyMs?: number },
): Promise<DatabaseClock> {
  const { onSkew, wall = Date.now, monotonic = () => performance.now(), everyMs = EVERY_MS } = deps;
  /** Database time minus monotonic time in milliseconds. */
  let offset = 0;
  /** Wall time minus monotonic time in milliseconds, as of the last measurement. */
  let wallOffset = 0;
  let isReported = false;
  let measuring: Promise<void> | undefined;

  const skewMs = (): number => wallOffset - offset;
  const measure = async (): Promise<void> => {
    let shortest = Infinity;
    let found = offset;
    for (let n = 0; n < SAMPLES; n += 1) {
      const before = monotonic();
      const answer = await db.execute<{ ms: number }>(
        sql`select extract(epoch from clock_timestamp())::float8 * 1000 as ms`,
      );
      const after = monotonic();
      if (after - before >= shortest) continue;
      shortest = after - before;
      found = (answer.rows[0]?.ms ?? 0) - (before + after) / 2;
    }
    offset = found;
    wallOffset = wall() - monotonic();
    const isSkewed = Math.abs(skewMs()) > REPORT_MS;
    if (isSkewed && !isReported) onSkew(skewMs());
    isReported = isSkewed;
  };
  const remeasure = (): void => {
    measuring ??= measure()
      // When a measurement fails, the clock continues from the previous measurement.
      .catch(() => undefined)
      .finally(() => (measuring = undefined));
  };

  await measure();
  const timer = setInterval(remeasure, everyMs).unref();
  return {
    now() {
      if (Math.abs(wall() - monotonic() - wallOffset) > JUMP_MS) remeasure();
      return new Date(offset + monotonic());
    },
    skewMs,
    stop: () => clearInterval(timer),
  };
}
