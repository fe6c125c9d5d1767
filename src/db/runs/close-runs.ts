import { sql, type SQL } from 'drizzle-orm';
import type { Executor } from '../executor';
import { leftBy } from './waits';

/** An execution that Temporal must still be told about. */
export interface ClosedRun {
  runId: string;
  workflowId: string;
  /** null when the run was never claimed: there may be an execution all the same, known by the run id in its memo. */
  executionRunId: string | null;
}

/**
 * Ends runs as `cancelled`, with their open steps, in the caller's transaction: from its commit on no step of them is
 * accepted any more, whatever their executions do. `how` is what Temporal is told afterwards: a cancel lets the
 * execution end by itself and aborts requests under way, a terminate is for one that must make room.
 */
export async function closeRuns(
  tx: Executor,
  which: SQL,
  endedBy: Record<string, unknown>,
  how: 'cancel' | 'terminate',
): Promise<ClosedRun[]> {
  const result = await tx.execute<{
    id: string;
    workflow_id: string;
    execution_run_id: string | null;
    told: boolean;
  }>(sql`
    with closed as (
      update runs set status = 'cancelled', finished_at = clock_timestamp(), ended_by = ${JSON.stringify(endedBy)}::jsonb,
        close_requested = case when start_attempted_at is null then null else ${how} end, seq = nextval('change_seq')
      where ${which} and status in ('pending', 'running', 'waiting')
      returning id, workflow_id, execution_run_id, start_attempted_at is not null as told),
    ${leftBy(sql`select id from closed`)},
    steps as (
      update run_steps set status = 'cancelled', finished_at = clock_timestamp(), seq = nextval('change_seq')
      where run_id in (select id from closed) and status in ('pending', 'running', 'waiting'))
    select id, workflow_id, execution_run_id, told from closed`);
  return result.rows
    .filter((row) => row.told)
    .map((row) => ({ runId: row.id, workflowId: row.workflow_id, executionRunId: row.execution_run_id }));
}
