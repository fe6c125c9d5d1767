import { sql } from 'drizzle-orm';
import type { Executor } from '../executor';
import { lockBucket } from './bucket';
import type { RunError } from '../../domain/run/step-record';
import { finishRun, type RunEnd } from './finish';

/** An open row that should have an open execution. */
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

/** A row younger than this may still change on its own. */
const SETTLED_SECONDS = 20;

/** Claimed, open rows in the order of their ids, after `cursor`. */
export async function openRunsAfter(db: Executor, cursor: string | null, limit: number): Promise<OpenRun[]> {
  const after = cursor === null ? sql`` : sql`and id > ${cursor}`;
  const result = await db.execute<OpenRow>(sql`
    select id, automation_id, scope_key, workflow_id, execution_run_id from runs
    where status in ('running', 'waiting') and execution_run_id is not null
      and started_at < clock_timestamp() - make_interval(secs => ${SETTLED_SECONDS}) ${after}
    order by id limit ${limit}`);
  return result.rows.map(toOpenRun);
}

/** Claimed, open rows among some ids. */
export async function openRunsAmong(db: Executor, ids: readonly string[]): Promise<OpenRun[]> {
  if (ids.length === 0) return [];
  const result = await db.execute<OpenRow>(sql`
    select id, automation_id, scope_key, workflow_id, execution_run_id from runs
    where id = any(${sql.param(ids)}::uuid[]) and status in ('running', 'waiting') and execution_run_id is not null`);
  return result.rows.map(toOpenRun);
}

/** How a run ends whose execution is closed or gone. */
export interface LostEnd extends Pick<RunEnd, 'status' | 'endedBy' | 'error'> {
  /** The execution vanished before it ended: a new execution still has to perform `on_failure`. */
  vanished?: boolean;
}

/**
 * Ends a row whose execution is closed or gone; the next queued run may start. A run whose execution vanished becomes pending
 * again instead (`reopened`) when it has an `on_failure`, which its next execution performs. null = the row has ended or
 * belongs to another execution meanwhile.
 */
export async function endLostRun(
  tx: Executor,
  run: Pick<OpenRun, 'id' | 'automationId' | 'scopeKey'> & { executionRunId: string | null },
  { vanished = false, ...end }: LostEnd,
): Promise<'ended' | 'reopened' | null> {
  await lockBucket(tx, run);
  // Locked in a statement of its own, so that the one that ends the run sees what its last step left (`closeRuns`).
  const locked = await tx.execute(sql`
    select 1 from runs where id = ${run.id} and execution_run_id is not distinct from ${run.executionRunId} for update`);
  if (locked.rows.length === 0) return null;
  if (vanished && end.error !== undefined && (await reopenForFailure(tx, run.id, end.error))) return 'reopened';
  const { ended } = await finishRun(tx, run, { runId: run.id, journal: [], ...end });
  return ended ? 'ended' : null;
}

/**
 * Makes a run pending again, with the error that it failed with, so that a new execution performs its `on_failure`. False: it has
 * none, or had begun with it.
 */
async function reopenForFailure(tx: Executor, runId: string, error: RunError): Promise<boolean> {
  const reopened = await tx.execute(sql`
    with reopened as (
      update runs r set status = 'pending', start_at = clock_timestamp(), start_attempted_at = null,
        execution_run_id = null, error = ${JSON.stringify(error)}::jsonb, seq = nextval('change_seq')
      where r.id = ${runId} and r.status in ('running', 'waiting') and r.error is null and exists (
        select 1 from automation_versions v where v.automation_id = r.automation_id and v.version = r.version
          and jsonb_path_exists(v.definition, '$.on_failure[*]'))
      returning r.id),
    waits_gone as (delete from waits where run_id in (select id from reopened)),
    steps as (
      update run_steps set status = 'cancelled', finished_at = clock_timestamp(), seq = nextval('change_seq')
      where run_id in (select id from reopened) and status in ('pending', 'running', 'waiting'))
    select id from reopened`);
  return reopened.rows.length > 0;
}

/**
 * Ends a run whose execution has closed without claiming it: none will. Returns false when the run is not pending.
 */
export async function endUnclaimedRun(db: Executor, runId: string): Promise<boolean> {
  return db.transaction(async (tx) => {
    const found = await tx.execute<{ automation_id: string; scope_key: string }>(
      sql`select automation_id, scope_key from runs where id = ${runId} and status = 'pending'`,
    );
    const row = found.rows[0];
    if (row === undefined) return false;
    const run = { id: runId, automationId: row.automation_id, scopeKey: row.scope_key, executionRunId: null };
    const ended = await endLostRun(tx, run, {
      status: 'failed',
      error: { code: 'execution_lost', message: 'The execution was closed before it claimed the run.' },
    });
    return ended !== null;
  });
}

/** Steps of open runs that wait without a wait row, some time after they began: nothing would ever wake them. */
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

/** Returns those of the ids that are no run's. */
export async function withoutRow(db: Executor, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const found = await db.execute<{ id: string }>(sql`
    select i.id from unnest(${sql.param(ids)}::uuid[]) as i(id) where not exists (select 1 from runs r where r.id = i.id)`);
  return new Set(found.rows.map(({ id }) => id));
}
