import type { Database } from './client';

/**
 * What Postgres answers when another process made the same partition (42P07, 42P17, 23505), when the default partition
 * already holds rows of that day (23514), or when a long transaction is in the way (55P03). In each case rows still find
 * a partition: the other's, or the default one.
 */
const HARMLESS = new Set(['42P07', '42P17', '23505', '23514', '55P03']);

/**
 * Makes the day partitions of `changes`, named `changes_YYYYMMDD` (UTC), from yesterday to `daysAhead` days from now by
 * the database's clock. Safe to call from many processes at any time.
 * @returns the names of those it made.
 */
export async function ensureChangePartitions(
  { pool }: Pick<Database, 'pool'>,
  { daysAhead }: { daysAhead: number },
): Promise<string[]> {
  const { rows } = await pool.query<{ name: string; from: string; to: string }>(
    `select 'changes_' || to_char(day, 'YYYYMMDD') as name,
            to_char(day, 'YYYY-MM-DD') as "from", to_char(day + interval '1 day', 'YYYY-MM-DD') as "to"
       from generate_series(date_trunc('day', now() at time zone 'UTC') - interval '1 day',
                            date_trunc('day', now() at time zone 'UTC') + make_interval(days => $1),
                            interval '1 day') as day
      where to_regclass('changes_' || to_char(day, 'YYYYMMDD')) is null`,
    [daysAhead],
  );
  const made: string[] = [];
  const client = await pool.connect();
  try {
    for (const { name, from, to } of rows) {
      try {
        // One statement string = one transaction. Creating a partition locks the default one: better late than in the way.
        await client.query(
          `set local lock_timeout = '2s';
           create table ${name} partition of changes for values from ('${from} 00:00:00+00') to ('${to} 00:00:00+00')`,
        );
        made.push(name);
      } catch (error) {
        if (!HARMLESS.has((error as { code?: string }).code ?? '')) throw error;
      }
    }
  } finally {
    client.release();
  }
  return made;
}
