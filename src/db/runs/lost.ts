import { sql } from 'drizzle-orm';
import type { Executor } from '../executor';
import { finishRun, type RunEnd } from './finish';

/** An open row that an execution should stand behind. */
export interface OpenRun {
  id: string;
  automationId: string;
  scopeKey: string;
  workflowId: string;
  executionRunId: string;
}

/** A row younger than this may be about to change by itself. */
const SETTLED_SECONDS = 20;

/** Claimed, open rows in the order of their ids, after `cursor`. */
export async function openRunsAfter(db: Executor, cursor: string | null, limit: number): Promise<OpenRun[]> {
  const after = cursor === null ? sql`` : sql`and id > ${cursor}`;
  const result = await db.execute<{
    id: string;
    automation_id: string;
    scope_key: string;
    workflow_id: string;
    execution_run_id: string;
  }>(sql`
    select id, automation_id, scope_key, workflow_id, execution_run_id from runs
    where status in ('running', 'waiting') and execution_run_id is not null
      and started_at < clock_timestamp() - make_interval(secs => ${SETTLED_SECONDS}) ${after}
    order by id limit ${limit}`);
  return result.rows.map((row) => ({
    id: row.id,
    automationId: row.automation_id,
    scopeKey: row.scope_key,
    workflowId: row.workflow_id,
    executionRunId: row.execution_run_id,
  }));
}

/** Ends a row whose execution is gone; the next queued run may start. False when it ended by itself meanwhile. */
export async function endLostRun(
  tx: Executor,
  run: OpenRun,
  end: Pick<RunEnd, 'status' | 'endedBy' | 'error'>,
): Promise<boolean> {
  const { ended } = await finishRun(tx, run, { runId: run.id, journal: [], ...end });
  return ended;
}
