import { sql, type SQL } from 'drizzle-orm';
import type { Executor } from '../executor';
import { newestFirst } from '../run-filter';

/** A run that is reported as an effect of a change. */
export interface RunOfChange {
  id: string;
  automationId: string;
  automationName: string;
  version: number;
  triggerId: string | null;
  /** The change that started the run. For a retry: the change that started the original run. */
  changeId: string | null;
  /** The run that caused the change that started this run. */
  causedBy: string | null;
  status: string;
  endedBy: Record<string, unknown> | null;
  error: Record<string, unknown> | null;
  startedAt: Date | null;
  finishedAt: Date | null;
}

interface Row extends Record<string, unknown> {
  id: string;
  automation_id: string;
  automation_name: string;
  version: number;
  trigger_id: string | null;
  change_id: string | null;
  caused_by: string | null;
  status: string;
  ended_by: Record<string, unknown> | null;
  error: Record<string, unknown> | null;
  started_at: string | null;
  finished_at: string | null;
}

const COLUMNS =
  sql.raw(`r.id, r.automation_id, a.name as automation_name, r.version, r.trigger_id, r.caused_by, r.status,
  coalesce(r.change_id, (select f.change_id from runs f where f.id = r.root_run_id)) as change_id, r.ended_by, r.error, r.started_at, r.finished_at`);

const instant = (value: string | null): Date | null => (value === null ? null : new Date(value));

const OLDEST_FIRST = sql.raw('order by r.created_at, r.id');

async function select(db: Executor, from: SQL, order: SQL = OLDEST_FIRST): Promise<RunOfChange[]> {
  const found = await db.execute<Row>(sql`select ${COLUMNS} from ${from} ${order}`);
  return found.rows.map((row) => ({
    id: row.id,
    automationId: row.automation_id,
    automationName: row.automation_name,
    version: row.version,
    triggerId: row.trigger_id,
    changeId: row.change_id,
    causedBy: row.caused_by,
    status: row.status,
    endedBy: row.ended_by,
    error: row.error,
    startedAt: instant(row.started_at),
    finishedAt: instant(row.finished_at),
  }));
}

const withIds = (ids: readonly string[]): SQL =>
  sql`runs r join automations a on a.id = r.automation_id where r.id = any(${`{${ids.join(',')}}`}::uuid[])`;

/** Returns the runs with these ids that are still stored, from oldest to newest. */
export async function runsWithIds(db: Executor, ids: readonly string[]): Promise<RunOfChange[]> {
  return ids.length === 0 ? [] : select(db, withIds(ids));
}

/** Returns up to `limit` of the runs with these ids: the newest, in descending order. */
export async function newestRunsAmong(db: Executor, ids: readonly string[], limit: number): Promise<RunOfChange[]> {
  return ids.length === 0 ? [] : select(db, withIds(ids), sql`${newestFirst('r')} limit ${limit}`);
}

/** Returns up to `limit` retries of a run, from oldest to newest. */
export async function retriesOf(db: Executor, runId: string, limit: number): Promise<RunOfChange[]> {
  return select(
    db,
    sql`(select id from runs where parent_run_id = ${runId} order by created_at, id limit ${limit}) as retry
      join runs r on r.id = retry.id join automations a on a.id = r.automation_id`,
  );
}

/**
 * Returns the runs that a change started. Does not read the routings of the change, but makes one index probe for each
 * trigger of each automation's current version. Runs of triggers that no longer exist are therefore left out.
 */
export async function runsOfChange(db: Executor, changeId: string): Promise<RunOfChange[]> {
  return select(
    db,
    sql`automations a
      join automation_versions v on v.automation_id = a.id and v.version = a.version
      cross join lateral jsonb_array_elements(v.definition -> 'triggers') as t
      join runs r on r.automation_id = a.id and r.trigger_id = t ->> 'id' and r.change_id = ${changeId}`,
  );
}
