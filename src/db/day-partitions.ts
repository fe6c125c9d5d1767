import type pg from 'pg';
import type { Database } from './client';
import { transactWithLockRetry, type LockRetry } from './lock-retry';

/**
 * Error codes after which the next call tries again: another process created the same partition (42P07, 42P17, 42710,
 * 23505), the default partition contains rows of that day (23514), or a lock or statement timed out (55P03, 57014). In
 * each case inserts still find a partition, either the partition that the other process created or the default
 * partition.
 */
const TRY_LATER = new Set(['42P07', '42P17', '42710', '23505', '23514', '55P03', '57014']);

/**
 * Settings for DDL on `changes` and `routings`. Inserts wait at most `lockTimeoutMs` for each DDL statement. If a
 * reader with a long transaction (`pg_dump`, a report) makes all attempts fail, the next housekeeping round tries
 * again.
 */
const LOCKS: LockRetry = { lockTimeoutMs: 200, attempts: 5, pauseMs: 500 };
/** Timeout of the statement that attaches a partition, in milliseconds. It limits how long the locks are held. */
const STATEMENT_TIMEOUT_MS = 900;

/** A table that is partitioned by day (UTC) and has a default partition. */
interface DayTable {
  name: 'changes' | 'routings';
  /** The column whose time determines the partition. */
  column: string;
  columns: string;
  /** SQL condition. A day's partition is kept beyond its retention while it contains a matching row. */
  kept?: string;
}

const CHANGES: DayTable = {
  name: 'changes',
  column: 'recorded_at',
  columns: `seq, change_id, partition, kind, entity_id, event, payload, context_key, prev, next, delta, changed_fields,
    actor, caused_by, depth, occurred_at, recorded_at, routed_at, attempts, next_attempt_at, failed_at, error`,
  kept: 'routed_at is null',
};

const ROUTINGS: DayTable = {
  name: 'routings',
  column: 'at',
  columns: `at, change_id, kind, automation_id, automation_name, trigger_id, version, outcome, detail, deciding, run_id,
    dwell, counted, path, change_ids, refused`,
};

interface Day {
  name: string;
  from: string;
  to: string;
}

/** Selects the partition name and the bounds (UTC) of each day. `days` is a set of midnights without time zone. */
const dayColumns = ({ name }: DayTable, days: string) => `
  select '${name}_' || to_char(d.day, 'YYYYMMDD') as name,
         to_char(d.day, 'YYYY-MM-DD') as "from", to_char(d.day + interval '1 day', 'YYYY-MM-DD') as "to"
    from ${days} as d(day)`;

/**
 * Creates the day partitions of `changes`, named `changes_YYYYMMDD` (UTC). They cover the days from yesterday to
 * `daysAhead` days from now, according to the database's clock. Any number of processes may call this at any time.
 * Returns the names of the created partitions.
 */
export const ensureChangePartitions = (database: Pick<Database, 'pool'>, options: { daysAhead: number }) =>
  ensurePartitions(database, CHANGES, options);

/** Creates the day partitions of `routings`, as `ensureChangePartitions` does for `changes`. */
export const ensureRoutingPartitions = (database: Pick<Database, 'pool'>, options: { daysAhead: number }) =>
  ensurePartitions(database, ROUTINGS, options);

async function ensurePartitions(
  { pool }: Pick<Database, 'pool'>,
  table: DayTable,
  { daysAhead }: { daysAhead: number },
): Promise<string[]> {
  const { rows } = await pool.query<Day>(
    `${dayColumns(
      table,
      `generate_series(date_trunc('day', now() at time zone 'UTC') - interval '1 day',
                     date_trunc('day', now() at time zone 'UTC') + make_interval(days => $1), interval '1 day')`,
    )}
      where to_regclass('${table.name}_' || to_char(d.day, 'YYYYMMDD')) is null`,
    [daysAhead],
  );
  const created: string[] = [];
  for (const day of rows) {
    if (await tryLater(pool, (client) => attachDay(client, table, day))) created.push(day.name);
  }
  return created;
}

/**
 * Creates a table and attaches it as a partition. Attaching takes SHARE UPDATE EXCLUSIVE on the parent, which blocks no
 * inserts, whereas `create table … partition of` takes ACCESS EXCLUSIVE. The default partition is locked while Postgres
 * checks it for rows of that day. `fill` runs before the attachment.
 */
async function attachDay(
  client: pg.ClientBase,
  table: DayTable,
  { name, from, to }: Day,
  fill?: () => Promise<void>,
): Promise<void> {
  await client.query(`create table ${name} (like ${table.name} including all)`);
  await fill?.();
  await client.query(`set local statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
  await client.query(
    `alter table ${table.name} attach partition ${name} for values from ('${from} 00:00:00+00') to ('${to} 00:00:00+00')`,
  );
}

/** Runs `work` in one transaction. Returns false after an error that a later call can recover from (`TRY_LATER`). */
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
 * Moves rows out of the default partitions, which receive the rows of days that have no partition. Each day gets its
 * partition in a separate transaction. Returns how many rows were moved.
 */
export async function emptyDefaultPartitions(database: Pick<Database, 'pool'>): Promise<number> {
  return (await emptyDefault(database, CHANGES)) + (await emptyDefault(database, ROUTINGS));
}

async function emptyDefault({ pool }: Pick<Database, 'pool'>, table: DayTable): Promise<number> {
  const { name, column, columns } = table;
  const { rows } = await pool.query<Day>(
    dayColumns(table, `(select distinct date_trunc('day', ${column} at time zone 'UTC') as day from ${name}_default)`),
  );
  let moved = 0;
  for (const day of rows) {
    let count = 0;
    const done = await tryLater(pool, (client) =>
      attachDay(client, table, day, async () => {
        const result = await client.query(
          `with taken as (
             delete from ${name}_default where ${column} >= $1::timestamptz and ${column} < $2::timestamptz
             returning ${columns})
           insert into ${day.name} (${columns}) select ${columns} from taken`,
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
 * Drops the day partitions of the change log whose days ended more than `changesMs` ago, except those with an unrouted
 * change. Returns how many partitions were dropped.
 */
export const dropChangePartitions = (database: Pick<Database, 'pool'>, changesMs: number) =>
  dropPartitions(database, CHANGES, changesMs);

/**
 * Drops the day partitions of `routings` whose days ended more than `routingsMs` ago. Returns how many were dropped.
 */
export const dropRoutingPartitions = (database: Pick<Database, 'pool'>, routingsMs: number) =>
  dropPartitions(database, ROUTINGS, routingsMs);

/**
 * Drops the partitions of old days. Each partition is first detached in a separate transaction, and dropped once
 * nothing else uses it. Only detaching locks the table, with a lock timeout of 200 ms. `detach … concurrently` is not
 * possible: Postgres refuses it while a default partition exists, and the default partition is needed to accept events
 * when a day's partition is missing. A detached partition that could not be dropped, for example because a backup is
 * reading it, is dropped by a later call. Returns how many partitions were dropped.
 */
async function dropPartitions({ pool }: Pick<Database, 'pool'>, table: DayTable, ms: number): Promise<number> {
  const { rows } = await pool.query<{ name: string; attached: boolean }>(
    `select relname as name, relispartition as attached from pg_class
      where relkind = 'r' and relname ~ '^${table.name}_[0-9]{8}$'
        and relnamespace = (select relnamespace from pg_class where oid = '${table.name}'::regclass)
        and to_date(right(relname, 8), 'YYYYMMDD') + 1 < (clock_timestamp() - make_interval(secs => $1)) at time zone 'UTC'
      order by relname`,
    [ms / 1000],
  );
  let dropped = 0;
  for (const { name, attached } of rows) {
    if (table.kept !== undefined) {
      const kept = await pool.query(`select 1 from ${name} where ${table.kept} limit 1`);
      if (kept.rowCount !== 0) continue;
    }
    if (attached && !(await run(pool, `alter table ${table.name} detach partition ${name}`))) break;
    if (await run(pool, `drop table if exists ${name}`)) dropped += 1;
  }
  return dropped;
}

const run = (pool: pg.Pool, statement: string): Promise<boolean> =>
  tryLater(pool, async (client) => {
    await client.query(statement);
  });
