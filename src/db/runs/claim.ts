import { sql } from 'drizzle-orm';
import type { RunError } from '../../domain/run/step-record';
import type { Executor } from '../executor';

/** The columns of a run that never change while it runs, with those of its automation. */
export interface RunRow extends Record<string, unknown> {
  automation_id: string;
  version: number;
  scope_key: string;
  mode: string;
  root_run_id: string;
  depth: number;
  context_key: string | null;
  trigger_scope: Record<string, unknown>;
  started_at: string | null;
  created_at: string;
  /** Size of `trigger_scope` as Postgres stores it. */
  bytes: number;
  name: string;
  group: string | null;
}

/** What an execution learns when it claims its run. */
export interface ClaimedRun {
  row: RunRow;
  variables: Record<string, unknown>;
  /** What the run failed with before: it lost its execution, and only its `on_failure` is left. */
  lost: RunError | null;
}

/**
 * The first step of every execution: `pending` → `running`, storing the execution. null = the row is not for this
 * execution (ended, replaced, claimed by another): it must end without a trace. A repeat by the same execution finds
 * its own claim. Returns the row as well, which saves every run a statement.
 */
export async function claimRun(db: Executor, runId: string, executionRunId: string): Promise<ClaimedRun | null> {
  const result = await db.execute<RunRow & { variables: Record<string, unknown>; error: RunError | null }>(sql`
    with claimed as (
      update runs set status = 'running', execution_run_id = ${executionRunId},
        started_at = coalesce(started_at, clock_timestamp()), seq = nextval('change_seq')
      where id = ${runId} and ((status = 'pending' and start_at is not null)
        or (status in ('running', 'waiting') and execution_run_id = ${executionRunId}))
      returning automation_id, version, scope_key, mode, root_run_id, depth, context_key, trigger_scope, started_at,
        created_at, variables, error)
    select r.automation_id, r.version, r.scope_key, r.mode, r.root_run_id, r.depth, r.context_key, r.trigger_scope,
      r.started_at, r.created_at, r.variables, r.error, pg_column_size(r.trigger_scope) as bytes, a.name, a."group"
    from claimed r join automations a on a.id = r.automation_id`);
  const row = result.rows[0];
  if (!row) return null;
  const { variables, error } = row;
  return { row, variables, lost: error?.code === 'execution_lost' ? error : null };
}

/** Returns whether this execution ended the run as a success, and its worker died before it could report that. */
export async function endedUnder(db: Executor, runId: string, executionRunId: string): Promise<boolean> {
  const result = await db.execute(sql`
    select 1 from runs where id = ${runId} and execution_run_id = ${executionRunId} and status = 'success'`);
  return result.rows.length > 0;
}
