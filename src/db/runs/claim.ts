import { sql } from 'drizzle-orm';
import type { RunError } from '../../domain/run/step-record';
import type { Executor } from '../executor';

/** What an execution learns when it claims its run. */
export interface ClaimedRun {
  automationId: string;
  version: number;
  variables: Record<string, unknown>;
  /** What the run failed with before: it lost its execution, and only its `on_failure` is left. */
  lost: RunError | null;
}

/**
 * The first step of every execution: `pending` → `running`, storing the execution. null = the row is not for this
 * execution (ended, replaced, claimed by another): it must end without a trace. A repeat by the same execution finds
 * its own claim.
 */
export async function claimRun(db: Executor, runId: string, executionRunId: string): Promise<ClaimedRun | null> {
  const result = await db.execute<{
    automation_id: string;
    version: number;
    variables: Record<string, unknown>;
    error: RunError | null;
  }>(sql`
    update runs set status = 'running', execution_run_id = ${executionRunId},
      started_at = coalesce(started_at, clock_timestamp()), seq = nextval('change_seq')
    where id = ${runId} and ((status = 'pending' and start_at is not null)
      or (status in ('running', 'waiting') and execution_run_id = ${executionRunId}))
    returning automation_id, version, variables, error`);
  const row = result.rows[0];
  if (!row) return null;
  const { automation_id: automationId, version, variables, error } = row;
  return { automationId, version, variables, lost: error?.code === 'execution_lost' ? error : null };
}

/** Whether this execution ended the run as a success, and its worker died before it could report that. */
export async function endedUnder(db: Executor, runId: string, executionRunId: string): Promise<boolean> {
  const result = await db.execute(sql`
    select 1 from runs where id = ${runId} and execution_run_id = ${executionRunId} and status = 'success'`);
  return result.rows.length > 0;
}
