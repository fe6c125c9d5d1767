import { sql, type SQL } from 'drizzle-orm';
import type { Executor } from '../executor';
import { leftBy } from './waits';

/** An execution that still has to be closed in Temporal. */
export interface ClosedRun {
  runId: string;
  workflowId: string;
  /** null when the run was never claimed: an execution may exist anyway, known by the run id in its memo. */
  executionRunId: string | null;
}

/**
 * Ends runs as `cancelled`, with their open steps, waits and sealed secrets, in the caller's transaction. From its commit
 * on no step of them is accepted. Locks the rows in a statement of its own first: a step that held one of them may have
 * armed a wait or kept a secret that the snapshot of an earlier statement does not contain. `how` is what Temporal is
 * asked afterwards: a cancel lets the execution end and aborts its requests, a terminate makes room at once. Returns the
 * runs that may have an execution.
 */
export async function closeRuns(
  tx: Executor,
  which: SQL,
  endedBy: Record<string, unknown>,
  how: 'cancel' | 'terminate',
): Promise<ClosedRun[]> {
  // In the order of ids, so that two calls over the same runs cannot deadlock. A statement of its own: the next one takes its
  // snapshot after the locks and sees the last writes of steps that held a row until now.
  const locked = await tx.execute<{ id: string }>(sql`
    select id from runs where ${which} and status in ('pending', 'running', 'waiting') order by id for update`);
  if (locked.rows.length === 0) return [];
  const ids = sql`${`{${locked.rows.map(({ id }) => id).join(',')}}`}::uuid[]`;
  const result = await tx.execute<{
    id: string;
    workflow_id: string;
    execution_run_id: string | null;
    attempted: boolean;
  }>(sql`
    with closed as (
      update runs set status = 'cancelled', finished_at = clock_timestamp(), ended_by = ${JSON.stringify(endedBy)}::jsonb,
        close_requested = case when start_attempted_at is null then null else ${how} end, seq = nextval('change_seq')
      where id = any(${ids}) and status in ('pending', 'running', 'waiting')
      returning id, workflow_id, execution_run_id, start_attempted_at is not null as attempted),
    ${leftBy(sql`select id from closed`)},
    steps as (
      update run_steps set status = 'cancelled', finished_at = clock_timestamp(), seq = nextval('change_seq')
      where run_id in (select id from closed) and status in ('pending', 'running', 'waiting'))
    select id, workflow_id, execution_run_id, attempted from closed`);
  return result.rows
    .filter((row) => row.attempted)
    .map((row) => ({ runId: row.id, workflowId: row.workflow_id, executionRunId: row.execution_run_id }));
}
