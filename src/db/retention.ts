import { sql, type SQL } from 'drizzle-orm';
import type { Database } from './client';

/** How long things are kept; milliseconds. */
export interface Retention {
  runsMs: number;
  runsMinPerAutomation: number;
  transitionsMs: number;
  changesMs: number;
}

/** Raw health results, from which averages and percentiles come. */
const HEALTH_RESULTS_MS = 24 * 3_600_000;
/** Identities of deliveries and answers kept for repeats. */
const DEDUP_MS = 7 * 24 * 3_600_000;
/** Longer than the longest window; keys that go on clear themselves. */
const WINDOW_EVENTS_MS = 2 * 24 * 3_600_000;
/** Keys that do not hold any more; a change older than that arms no more anyway. */
const DWELLS_MS = 7 * 24 * 3_600_000;
/** Rows removed by one statement: bounds its locks. */
const BATCH = 5_000;

/** Fields that tell what an artifact stands for, by artifact type: only such artifacts can be open. */
export type ArtifactIdentities = Readonly<Record<string, readonly string[]>>;

/** Removes what is older than the settings say; returns how many rows, or partitions of the change log. */
export async function applyRetention(
  database: Database,
  retention: Retention,
  identities: ArtifactIdentities,
): Promise<Record<string, number>> {
  const olderThan = (column: SQL, ms: number) =>
    sql`${column} < clock_timestamp() - make_interval(secs => ${ms / 1000})`;
  const remove = async (what: SQL): Promise<number> => (await database.db.execute(what)).rowCount ?? 0;
  return {
    runs: await remove(oldRuns(retention, identities)),
    transitions: await remove(sql`
      delete from entity_transitions where id in (
        select id from entity_transitions t where ${olderThan(sql`at`, retention.transitionsMs)}
          -- The newest of a field says since when it is what it is.
          and exists (select 1 from entity_transitions n where n.kind = t.kind and n.entity_id = t.entity_id
            and n.field = t.field and n.id > t.id)
        limit ${BATCH})`),
    healthResults: await remove(sql`
      delete from health_results where id in (
        select id from health_results r where ${olderThan(sql`received_at`, HEALTH_RESULTS_MS)}
          -- The newest of a check says where a number comes from that crosses a bound next.
          and (exists (select 1 from health_results n where n.system_id = r.system_id
              and n.configuration_id = r.configuration_id and (n.at, n.id) > (r.at, r.id))
            or not exists (select 1 from health_checks c where c.system_id = r.system_id
              and c.configuration_id = r.configuration_id))
        limit ${BATCH})`),
    windowEvents: await remove(sql`delete from window_events where ${olderThan(sql`occurred_at`, WINDOW_EVENTS_MS)}`),
    dwells: await remove(sql`delete from dwells where status = 'idle' and ${olderThan(sql`updated_at`, DWELLS_MS)}`),
    deliveries: await remove(sql`delete from dedup_keys where ${olderThan(sql`created_at`, DEDUP_MS)}`),
    idempotencyKeys: await remove(sql`delete from idempotency_keys where ${olderThan(sql`created_at`, DEDUP_MS)}`),
    changePartitions: await dropChangePartitions(database, retention.changesMs),
  };
}

/**
 * Terminal runs past their time, but never the last ones of an automation, and none with an artifact still open, unless a later
 * run of the automation has left an open one that stands for the same.
 */
function oldRuns({ runsMs, runsMinPerAutomation }: Retention, identities: ArtifactIdentities): SQL {
  const types = JSON.stringify(identities);
  return sql`
    delete from runs where id in (
      select r.id from runs r
      where r.status in ('success', 'failed', 'cancelled')
        and r.finished_at < clock_timestamp() - make_interval(secs => ${runsMs / 1000})
        and not exists (select 1 from artifacts a where a.run_id = r.id and a.closed_at is null
          and ${types}::jsonb ? a.type
          and not exists (select 1 from artifacts n where n.automation_id = a.automation_id and n.type = a.type
            and n.id > a.id and n.closed_at is null and n.context_key is not distinct from a.context_key
            and n.run_id <> a.run_id
            and (select bool_and(n.data -> f is not distinct from a.data -> f)
              from jsonb_array_elements_text(${types}::jsonb -> a.type) f)))
        and r.id < (select n.id from runs n where n.automation_id = r.automation_id
          order by n.id desc offset ${runsMinPerAutomation} limit 1)
      limit ${BATCH})`;
}

/** Days of the change log that lie wholly in the past go as a whole. Unrouted changes keep their day. */
async function dropChangePartitions({ pool }: Database, changesMs: number): Promise<number> {
  const { rows } = await pool.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits
     where inhparent = 'changes'::regclass and inhrelid::regclass::text ~ '^changes_[0-9]{8}$'
       and to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD') + 1
         < (clock_timestamp() - make_interval(secs => $1)) at time zone 'UTC'`,
    [changesMs / 1000],
  );
  let dropped = 0;
  for (const { name } of rows) {
    const unrouted = await pool.query(`select 1 from ${name} where routed_at is null limit 1`);
    if (unrouted.rowCount !== 0) continue;
    await pool.query(`drop table if exists ${name}`);
    dropped += 1;
  }
  return dropped;
}
