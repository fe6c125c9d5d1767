import { sql } from 'drizzle-orm';
import type { Executor } from './executor';

/** Number of days for which failed runs that lost their execution are reported. */
const LOST_DAYS = 7;

/** Health measurements of the installation. Ages are in seconds. */
export interface Vitals {
  workers: number;
  /** Number of distinct plugin sets among live workers. More than 1 means that workers have different plugins. */
  pluginSets: number;
  unroutedAge: number;
  pendingAge: number;
  deadLetters: number;
  /** Age of the last housekeeping round; null = no round has completed yet. */
  housekeepingAge: number | null;
  /** Time since the oldest live worker started; 0 when no worker is live. */
  workersAge: number;
  lostRuns: number;
  unsyncedSchedules: number;
  migrationFailures: number;
}

/**
 * Reads the values for `fermata doctor` and the gauges in one statement. Ages are in seconds and follow the database's
 * clock.
 */
export async function readVitals(db: Executor): Promise<Vitals> {
  const found = await db.execute<Record<keyof Vitals, number | null>>(sql`
    select
      (select count(*)::int from workers where expires_at >= clock_timestamp()) as workers,
      (select count(distinct coalesce(knows_id, ''))::int from workers where expires_at >= clock_timestamp())
        as "pluginSets",
      (select coalesce(extract(epoch from clock_timestamp() - min(recorded_at)), 0)::float8
        from (select recorded_at from changes where routed_at is null order by seq limit 100) oldest) as "unroutedAge",
      (select coalesce(extract(epoch from clock_timestamp() - min(start_at)), 0)::float8 from runs
        where status = 'pending' and start_at is not null) as "pendingAge",
      (select count(*)::int from changes where failed_at is not null) as "deadLetters",
      (select extract(epoch from clock_timestamp() - done_at)::float8 from periodic_work where name = 'housekeeping')
        as "housekeepingAge",
      (select coalesce(extract(epoch from clock_timestamp() - min(started_at)), 0)::float8 from workers
        where expires_at >= clock_timestamp()) as "workersAge",
      (select count(*)::int from runs where status = 'failed' and error ->> 'code' = 'execution_lost'
        and finished_at > clock_timestamp() - make_interval(days => ${LOST_DAYS})
        and not exists (select 1 from runs n where n.parent_run_id = runs.id)) as "lostRuns",
      (select count(*)::int from schedules where synced_at is null
        and since < clock_timestamp() - interval '1 minute') as "unsyncedSchedules",
      (select count(*)::int from migration_failures where acknowledged_at is null) as "migrationFailures"`);
  const row = found.rows[0];
  const of = (key: keyof Vitals) => row?.[key] ?? 0;
  return {
    workers: of('workers'),
    pluginSets: of('pluginSets'),
    unroutedAge: Math.max(0, of('unroutedAge')),
    pendingAge: Math.max(0, of('pendingAge')),
    deadLetters: of('deadLetters'),
    housekeepingAge: row?.housekeepingAge ?? null,
    workersAge: of('workersAge'),
    lostRuns: of('lostRuns'),
    unsyncedSchedules: of('unsyncedSchedules'),
    migrationFailures: of('migrationFailures'),
  };
}

/** Returns the events of the enabled triggers of enabled automations. Each event occurs once per automation. */
export async function enabledTriggers(db: Executor): Promise<{ automationName: string; event: string }[]> {
  const found = await db.execute<{ name: string; event: string }>(sql`
    select distinct a.name, t ->> 'event' as event from automations a
      join automation_versions v on v.automation_id = a.id and v.version = a.version,
      jsonb_array_elements(v.definition -> 'triggers') t
    where a.status = 'enabled' and a.deleted_at is null and coalesce(t ->> 'enabled', 'true') <> 'false'`);
  return found.rows.map(({ name, event }) => ({ automationName: name, event }));
}

/**
 * Matches filter names in the text of a stored definition, in which line breaks are escaped. May also match other text
 * that follows a `|`.
 */
const FILTER_PATTERN = String.raw`\|(?:\s|\\[nrtf])*([A-Za-z_][A-Za-z0-9_]*)`;

/** Returns the definitions of enabled automations that may use a filter other than the given filters. */
export async function definitionsWithOtherFilters(
  db: Executor,
  filters: readonly string[],
): Promise<{ automationName: string; definition: Record<string, unknown> }[]> {
  const found = await db.execute<{ name: string; definition: Record<string, unknown> }>(sql`
    select a.name, v.definition from automations a
      join automation_versions v on v.automation_id = a.id and v.version = a.version
    where a.status = 'enabled' and a.deleted_at is null and exists (
      select 1 from regexp_matches(v.definition::text, ${FILTER_PATTERN}, 'g') as m
      where not (${JSON.stringify(filters)}::jsonb ? m[1]))
    order by a.name, a.id`);
  return found.rows.map(({ name, definition }) => ({ automationName: name, definition }));
}
