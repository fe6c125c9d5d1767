import { sql, type SQL } from 'drizzle-orm';
import type { ArtifactType } from '../domain/registry/registry';
import { isArtifactOpen } from './runs/open-artifacts';
import type { Retention, RetentionTask } from './retention-task';
import { newestFirst } from './run-filter';

/** Retention of raw health results, from which averages and percentiles are computed. */
const HEALTH_RESULTS_MS = 24 * 3_600_000;

interface Page extends Record<string, unknown> {
  seen: number;
  removed: number;
  /** Position of the last row that was read; null when there was none. */
  at: string | null;
  id: string | null;
}

/**
 * Returns a task that reads rows in (time, id) order, one page per batch. Rows that are kept despite their age are
 * therefore read once per call of `applyRetention`, not once per batch. `statement` selects the page that follows
 * `after` and returns a `Page`.
 */
function paged(statement: (after: SQL, limit: number) => SQL): RetentionTask {
  let last: Page | undefined;
  return async (db, limit) => {
    const after =
      last?.at == null ? sql`true` : sql`(at, id) > (${last.at}::timestamptz, ${last.id}::${sql.raw(idType(last.id))})`;
    const { rows } = await db.execute<Page>(statement(after, limit));
    const page = rows[0];
    if (page === undefined || page.seen < limit) return { removed: page?.removed ?? 0, more: false };
    last = page;
    return { removed: page.removed, more: true };
  };
}

const idType = (id: string | null): 'bigint' | 'uuid' => (id !== null && /^\d+$/.test(id) ? 'bigint' : 'uuid');

const before = (ms: number) => sql`clock_timestamp() - make_interval(secs => ${ms / 1000})`;
/** The final part of each statement, which returns the position and row counts for `Page`. */
const report = sql`
  select (select count(*)::int from page) as seen, (select count(*)::int from gone) as removed,
    (select at::text from page order by at desc, id desc limit 1) as at,
    (select id::text from page order by at desc, id desc limit 1) as id`;

/**
 * Returns the task that removes ended runs older than `runsMs`. It keeps the newest `runsMinPerAutomation` runs of each
 * automation. It also keeps runs with an open artifact, unless its entity has ended or a later run of the automation
 * left an open artifact for the same object.
 */
export function oldRuns({ runsMs, runsMinPerAutomation }: Retention, types: readonly ArtifactType[]): RetentionTask {
  const identities = JSON.stringify(
    Object.fromEntries(types.flatMap(({ id, identity }) => (identity ? [[id, identity]] : []))),
  );
  return paged(
    (after, limit) => sql`
    with page as materialized (
      select id, automation_id, created_at, at from (select id, automation_id, created_at, finished_at as at from runs
        where status in ('success', 'failed', 'cancelled') and finished_at < ${before(runsMs)}) as r
      where ${after} order by at, id limit ${limit}),
    bounds as materialized (
      select a.automation_id, n.created_at, n.id from (select distinct automation_id from page) a cross join lateral (
        select created_at, id from runs where automation_id = a.automation_id
        ${newestFirst('runs')} offset ${runsMinPerAutomation} limit 1) n),
    gone as (
      delete from runs where id in (
        select r.id from page r join bounds b on b.automation_id = r.automation_id
          and (r.created_at, r.id) <= (b.created_at, b.id)
        where not exists (select 1 from artifacts a where a.run_id = r.id and a.closed_at is null
          and ${identities}::jsonb ? a.type and ${isArtifactOpen(types)}
          and not exists (select 1 from artifacts n where n.automation_id = a.automation_id and n.type = a.type
            and n.id > a.id and n.closed_at is null and n.context_key is not distinct from a.context_key
            and n.run_id <> a.run_id
            and (select bool_and(n.data -> f is not distinct from a.data -> f)
              from jsonb_array_elements_text(${identities}::jsonb -> a.type) f))))
      returning id)
    ${report}`,
  );
}

/**
 * Returns the task that removes transitions older than `ms`. It keeps the newest transition of each field, which shows
 * when the field got its current value.
 */
export function oldTransitions(ms: number): RetentionTask {
  return paged(
    (after, limit) => sql`
    with page as materialized (
      select id, at, kind, entity_id, field from entity_transitions where at < ${before(ms)} and ${after}
      order by at, id limit ${limit}),
    gone as (
      delete from entity_transitions where id in (
        select t.id from page t where exists (select 1 from entity_transitions n
          where n.kind = t.kind and n.entity_id = t.entity_id and n.field = t.field and n.id > t.id))
      returning id)
    ${report}`,
  );
}

/**
 * Returns the task that removes raw results after a day. It keeps the newest result of each existing check, because
 * numeric triggers compare the next result with that result.
 */
export function oldHealthResults(): RetentionTask {
  return paged(
    (after, limit) => sql`
    with page as materialized (
      select id, at, measured_at, system_id, configuration_id
      from (select id, received_at as at, at as measured_at, system_id, configuration_id from health_results) as r
      where at < ${before(HEALTH_RESULTS_MS)} and ${after}
      order by at, id limit ${limit}),
    gone as (
      delete from health_results where id in (
        select r.id from page r
        where exists (select 1 from health_results n where n.system_id = r.system_id
            and n.configuration_id = r.configuration_id and (n.at, n.id) > (r.measured_at, r.id))
          or not exists (select 1 from health_checks c where c.system_id = r.system_id
            and c.configuration_id = r.configuration_id))
      returning id)
    ${report}`,
  );
}
