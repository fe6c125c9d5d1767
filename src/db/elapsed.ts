import { sql, type SQL } from 'drizzle-orm';

/**
 * Returns the SQL condition that at least `seconds` have passed since `at`. The condition also holds when `at` is more
 * than a minute in the future, which means that the database's clock was set back after `at` was written. Without this
 * rule, an abandoned row would wait until the clock has caught up.
 */
export const hasElapsed = (at: SQL, seconds = 0): SQL => sql`
  (${at} < clock_timestamp() - make_interval(secs => ${seconds}) or ${at} > clock_timestamp() + interval '1 minute')`;
