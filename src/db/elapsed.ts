import { sql, type SQL } from 'drizzle-orm';

/**
 * Returns the SQL condition that is true when at least `seconds` have passed since `at`. It is also true for a time that
 * is more than a minute in the future, because the clock of the database was set back after `at` was written. Without
 * this, an abandoned row would wait until the clock has caught up.
 */
export const hasElapsed = (at: SQL, seconds = 0): SQL => sql`
  (${at} < clock_timestamp() - make_interval(secs => ${seconds}) or ${at} > clock_timestamp() + interval '1 minute')`;
