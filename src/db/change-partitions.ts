import type pg from 'pg';
import type { Database } from './client';
import { transactWithLockRetry, type LockRetry } from './lock-retry';

/**
 * Errors after which the next call tries again: another process created the same partition (42P07, 42P17, 23505), the
 * default partition holds rows of that day (23514), or a lock or statement timed out (55P03, 57014). In each case
 * inserts still find a partition: the other process's, or the default one.
 */
const TRY_LATER = new Set(['42P07', '42P17', '23505', '23514', '55P03', '57014']);

/**
 * Inserts wait at most this long behind DDL on `changes`. A reader with a long transaction (`pg_dump`, a report) makes
 * the attempt fail; the next round of housekeeping repeats it.
 */
const LOCKS: LockRetry = { lockTimeoutMs: 200, attempts: 5, pauseMs: 500 };
/** Longest time that one DDL statement may hold its locks, in milliseconds. */
const STATEMENT_TIMEOUT_MS = 900;

const COLUMNS = `seq, change_id, partition, kind, entity_id, event, payload, context_key, prev, next, delta,
  changed_fields, actor, caused_by, depth, occurred_at, recorded_at, routed_at, attempts, next_attempt_at, failed_at, error`;

interface Day {
  name: string;
  from: string;
  to: string;
}

/** Selects days as partition name and bounds (UTC); `days` is a set of midnights without time zone. */
const dayColumns = (days: string) => `
  select 'changes_' || to_char(d.day, 'YYYYMMDD') as name,
         to_char(d.day, 'YYYY-MM-DD') as "from", to_char(d.day + interval '1 day', 'YYYY-MM-DD') as "to"
    from ${days} as d(day)`;

/**
 * Creates the day partitions of `changes`, named `changes_YYYYMMDD` (UTC), from yesterday to `daysAhead` days from now
 * by the database's clock. Any number of processes may call it at any time. Returns the names of those it created.
 */
export async function ensureChangePartitions(
  { pool }: Pick<Database, 'pool'>,
  { daysAhead }: { daysAhead: number },
): Promise<string[]> {
  const { rows } = await pool.query<Day>(
    `${dayColumns(`generate_series(date_trunc('day', now() at time zone 'UTC') - interval '1 day',
                     date_trunc('day', now() at time zone 'UTC') + make_interval(days => $1), interval '1 day')`)}
      where to_regclass('changes_' || to_char(d.day, 'YYYYMMDD')) is null`,
    [daysAhead],
  );
  const created: string[] = [];
  for (const day of rows) {
    if (await tryLater(pool, (client) => attachDay(client, day))) created.push(day.name);
  }
  return created;
}

/**
 * Creates a table and attaches it: that takes SHARE UPDATE EXCLUSIVE on `changes`, which no insert waits for, where
 * `create table … partition of` takes ACCESS EXCLUSIVE. The default partition is locked while it is checked for rows
 * of the day. `fill` runs before the attachment.
 */
async function attachDay(client: pg.ClientBase, { name, from, to }: Day, fill?: () => Promise<void>): Promise<void> {
  await client.query(`create table ${name} (like changes including all)`);
  await fill?.();
  await client.query(`set local statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
  await client.query(
    `alter table changes attach partition ${name} for values from ('${from} 00:00:00+00') to ('${to} 00:00:00+00')`,
  );
}

/** Runs `work` in one transaction. Returns false when it should be tried again by a later round. */
async function tryLater(pool: pg.Pool, work: (client: pg.ClientBase) => Promise<void>): Promise<boolean> {
  const client = await pool.connect();
  try {
    await transactWithLockRetry(client, LOCKS, work);
    return true;
  } catch (error) {
    if (TRY_LATER.has((error as { code?: string }).code ?? '')) return false;
    throw error;
  } finally {
    client.release();
  }
}

/**
 * Moves rows out of the default partition, which receives what is written while the partition of its day is missing:
 * each day gets its partition, in one transaction per day. Returns how many rows were moved.
 */
export async function emptyDefaultPartition({ pool }: Pick<Database, 'pool'>): Promise<number> {
  const { rows } = await pool.query<Day>(
    dayColumns(`(select distinct date_trunc('day', recorded_at at time zone 'UTC') as day from changes_default)`),
  );
  let moved = 0;
  for (const day of rows) {
    let count = 0;
    const done = await tryLater(pool, (client) =>
      attachDay(client, day, async () => {
        const result = await client.query(
          `with taken as (
             delete from changes_default where recorded_at >= $1::timestamptz and recorded_at < $2::timestamptz
             returning ${COLUMNS})
           insert into ${day.name} (${COLUMNS}) select ${COLUMNS} from taken`,
          [`${day.from} 00:00:00+00`, `${day.to} 00:00:00+00`],
        );
        count = result.rowCount ?? 0;
      }),
    );
    if (done) moved += count;
  }
  return moved;
}

/**
 * Drops the days of the change log that ended more than `changesMs` ago. A day with an unrouted change is kept.
 *
 * A day is detached first, in its own transaction, and dropped when nothing else uses it: only the detachment locks
 * `changes`, and it gives up after 200 ms. Postgres refuses `detach … concurrently` while a default partition exists,
 * and the default partition is what keeps events accepted when a day is missing. A detached day that could not be
 * dropped, for example because a backup reads it, is dropped by a later call. Returns how many days were dropped.
 */
export async function dropChangePartitions({ pool }: Pick<Database, 'pool'>, changesMs: number): Promise<number> {
  const { rows } = await pool.query<{ name: string; attached: boolean }>(
    `select relname as name, relispartition as attached from pg_class
      where relkind = 'r' and relname ~ '^changes_[0-9]{8}$'
        and relnamespace = (select relnamespace from pg_class where oid = 'changes'::regclass)
        and to_date(right(relname, 8), 'YYYYMMDD') + 1 < (clock_timestamp() - make_interval(secs => $1)) at time zone 'UTC'
      order by relname`,
    [changesMs / 1000],
  );
  let dropped = 0;
  for (const { name, attached } of rows) {
    const unrouted = await pool.query(`select 1 from ${name} where routed_at is null limit 1`);
    if (unrouted.rowCount !== 0) continue;
    if (attached && !(await run(pool, `alter table changes detach partition ${name}`))) break;
    if (await run(pool, `drop table if exists ${name}`)) dropped += 1;
  }
  return dropped;
}

const run = (pool: pg.Pool, statement: string): Promise<boolean> =>
  tryLater(pool, async (client) => {
    await client.query(statement);
  });
