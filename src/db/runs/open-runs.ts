import { sql } from 'drizzle-orm';
import type { Executor } from '../executor';

/** The row of an open run that should have an open execution. */
export interface OpenRun {
  id: string;
  automationId: string;
  scopeKey: string;
  workflowId: string;
  executionRunId: string;
}

interface OpenRow extends Record<string, unknown> {
  id: string;
  automation_id: string;
  scope_key: string;
  workflow_id: string;
  execution_run_id: string;
}

const toOpenRun = (row: OpenRow): OpenRun => ({
  id: row.id,
  automationId: row.automation_id,
  scopeKey: row.scope_key,
  workflowId: row.workflow_id,
  executionRunId: row.execution_run_id,
});

/** Seconds during which a row is not repaired, because it may still change without a repair. */
const SETTLED_SECONDS = 20;

/**
 * Returns the rows of claimed, open runs after the id `cursor`, ordered by id. Runs that started less than 20 s ago are
 * left out.
 */
export async function openRunsAfter(db: Executor, cursor: string | null, limit: number): Promise<OpenRun[]> {
  const after = cursor === null ? sql`` : sql`and id > ${cursor}`;
  const result = await db.execute<OpenRow>(sql`
    select id, automation_id, scope_key, workflow_id, execution_run_id from runs
    where status in ('running', 'waiting') and execution_run_id is not null
      and started_at < clock_timestamp() - make_interval(secs => ${SETTLED_SECONDS}) ${after}
    order by id limit ${limit}`);
  return result.rows.map(toOpenRun);
}

/** Returns the given runs that are claimed and open. */
export async function openRunsAmong(db: Executor, ids: readonly string[]): Promise<OpenRun[]> {
  if (ids.length === 0) return [];
  const result = await db.execute<OpenRow>(sql`
    select id, automation_id, scope_key, workflow_id, execution_run_id from runs
    where id = any(${sql.param(ids)}::uuid[]) and status in ('running', 'waiting') and execution_run_id is not null`);
  return result.rows.map(toOpenRun);
}

/**
 * Returns steps of waiting runs that began to wait more than 20 s ago but have no row in `waits`. Nothing would ever
 * wake them.
 */
export async function waitsWithoutRow(
  db: Executor,
  limit: number,
): Promise<{ runId: string; path: string; workflowId: string }[]> {
  const found = await db.execute<{ run_id: string; path: string; workflow_id: string }>(sql`
    select r.id as run_id, s.path, r.workflow_id from runs r join run_steps s on s.run_id = r.id
    where r.status = 'waiting' and s.status = 'waiting' and s.kind in ('wait_until', 'wait_for_trigger')
      and s.started_at < clock_timestamp() - make_interval(secs => ${SETTLED_SECONDS})
      and not exists (select 1 from waits w where w.run_id = s.run_id and w.path = s.path)
    order by r.id limit ${limit}`);
  return found.rows.map((row) => ({ runId: row.run_id, path: row.path, workflowId: row.workflow_id }));
}

/** Returns the given ids that belong to no run. */
export async function withoutRow(db: Executor, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const found = await db.execute<{ id: string }>(sql`
    select i.id from unnest(${sql.param(ids)}::uuid[]) as i(id) where not exists (select 1 from runs r where r.id = i.id)`);
  return new Set(found.rows.map(({ id }) => id));
}
