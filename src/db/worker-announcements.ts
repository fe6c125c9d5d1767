import { sql } from 'drizzle-orm';
import type { Knowledge } from '../domain/registry/knowledge';
import type { Executor } from './executor';

/** Seconds for which changes wait for the plugins of a stopped worker, which is long enough for a restart. */
const RETURN_SECONDS = 60;
/**
 * Minutes for which a stopped worker's announcement is kept. The announcement shows which triggers a change may
 * concern.
 */
const KEEP_MINUTES = 10;

/** What a worker process announces about itself. */
export interface WorkerAnnouncement {
  id: string;
  host: string;
  pid: number;
  /** Release of the worker. */
  version: string;
  /** How the worker enforces the limits of scripts. */
  scriptLimits: 'cgroup' | 'rlimit';
  knowledge: Knowledge;
  /** Hash of `knowledge`. */
  knowsId: string;
  leaseSeconds: number;
}

/** What the other workers have announced. */
export interface OtherWorkers {
  /** Number of live workers, including the caller. */
  live: number;
  /**
   * Hashes of other workers' knowledge that differ from the caller's. `live` is true when a live worker has this
   * knowledge. `mayReturn` is true for up to 60 s after the last worker with this knowledge stopped, and for the first
   * 60 s after a period without live workers.
   */
  others: { knowsId: string; live: boolean; mayReturn: boolean }[];
}

/**
 * Renews the caller's announcement and removes old announcements, in one statement. Returns what the other workers have
 * announced. Times are by the database's clock. No announcement is removed for the first 60 s after a period without
 * live workers.
 */
export async function announceWorker(db: Executor, worker: WorkerAnnouncement): Promise<OtherWorkers> {
  const { id, host, pid, version, scriptLimits, knowledge, knowsId, leaseSeconds } = worker;
  const until = sql`clock_timestamp() + make_interval(secs => ${leaseSeconds})`;
  const result = await db.execute<{ live: number; others: OtherWorkers['others'] | null }>(sql`
    with past as (select clock_timestamp() - make_interval(secs => ${RETURN_SECONDS}) as at),
    -- After an outage of all workers, those that start first wait for the others.
    running as (select exists (select 1 from workers, past where started_at <= at and expires_at >= at) as yes),
    mine as (
      insert into workers (id, host, pid, version, script_limits, expires_at, knows, reads, knows_id)
      values (${id}, ${host}, ${pid}, ${version}, ${scriptLimits}, ${until}, (select array_agg(n) from jsonb_array_elements_text(
        ${JSON.stringify(knowledge.names)}::jsonb) n), ${JSON.stringify(knowledge.reads)}::jsonb, ${knowsId})
      on conflict (id) do update set expires_at = excluded.expires_at,
        -- A process whose announcement had expired (it was suspended) was not live during that time.
        started_at = case when workers.expires_at < clock_timestamp() then clock_timestamp() else workers.started_at end),
    -- After the clock was set back, the entry of a dead worker would count as live until the clock has caught up. Live
    -- workers announce themselves again.
    dead as (delete from workers where id <> ${id} and (expires_at > clock_timestamp() + interval '1 minute'
      or expires_at < clock_timestamp() - make_interval(mins => ${KEEP_MINUTES}) and (select yes from running)))
    select count(*) filter (where expires_at >= clock_timestamp())::int as live,
      (select jsonb_agg(o) from (
        select knows_id as "knowsId", bool_or(expires_at >= clock_timestamp()) as live,
          bool_or(expires_at >= (select at from past)) or not (select yes from running) as "mayReturn"
        from workers where knows_id <> ${knowsId} and id <> ${id} group by knows_id) o) as others
    from workers where id <> ${id}`);
  const row = result.rows[0];
  return { live: 1 + (row?.live ?? 0), others: row?.others ?? [] };
}

/** Returns the announced names by hash. Hashes whose announcements were removed are absent. */
export async function readKnowledge(db: Executor, ids: readonly string[]): Promise<Map<string, Knowledge>> {
  if (ids.length === 0) return new Map();
  const result = await db.execute<{ knows_id: string; knows: string[] | null; reads: Knowledge['reads'] | null }>(sql`
    select distinct on (knows_id) knows_id, knows, reads from workers
    where knows_id in (select jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb))`);
  return new Map(result.rows.map((row) => [row.knows_id, { names: row.knows ?? [], reads: row.reads ?? {} }]));
}

/** Lets the announcement of a stopping worker expire. Changes wait for its plugins for another `RETURN_SECONDS`. */
export async function withdrawWorker(db: Executor, id: string): Promise<void> {
  await db.execute(sql`
    update workers set expires_at = clock_timestamp() - interval '1 millisecond' where id = ${id}`);
}

/**
 * Returns all names that live workers provide. Returns null when this cannot be determined, because no worker is live
 * or because a live worker of an older release does not announce its names.
 */
export async function knownByWorkers(db: Executor): Promise<Set<string> | null> {
  const result = await db.execute<{ names: string[] | null; silent: boolean }>(sql`
    select (select array_agg(distinct n) from workers w, unnest(w.knows) n where w.expires_at >= clock_timestamp())
        as names,
      exists (select 1 from workers where expires_at >= clock_timestamp() and knows is null) as silent`);
  const row = result.rows[0];
  return row === undefined || row.silent || row.names === null ? null : new Set(row.names);
}
