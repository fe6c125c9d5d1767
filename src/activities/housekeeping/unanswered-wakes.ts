import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Executor } from '../../db/executor';
import { endForgottenWait } from '../../db/runs/wait-states';
import { isStillWoken, unansweredWakes } from '../../db/runs/wait-queries';
import type { EvaluateWaitsSignal } from '../../domain/run/messages';

const LIMIT = 200;
/**
 * Milliseconds to wait until an execution has processed a signal. If it takes longer, the next round checks its wait
 * again.
 */
const PROCESSING_TIMEOUT_MS = 5_000;
const POLL_MS = 250;

/**
 * Signals the execution of a run to evaluate all of its waits, which arms them again. Returns false when the execution
 * is not open.
 */
export async function evaluateWaits(client: Client, run: { id: string; workflowId: string }): Promise<boolean> {
  const signal: EvaluateWaitsSignal = { runId: run.id };
  try {
    await client.workflow.getHandle(run.workflowId).signal('evaluateWaits', signal);
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/**
 * Ends waits that their executions have already passed. Such rows come from an older backup of Postgres, and no
 * execution answers their wakes. First signals each execution to evaluate its waits, so that the wait of a slow
 * execution is kept. Returns how many waits were ended.
 */
export async function endForgottenWaits(client: Client, db: Executor): Promise<number> {
  let ended = 0;
  for (const wait of await unansweredWakes(db, LIMIT)) {
    if (!(await evaluateWaits(client, { id: wait.runId, workflowId: wait.workflowId }))) continue;
    // If the execution were still at this wait, it would have cleared the wake before it completed the workflow task of
    // the signal, or a normal activity that checks the wait would be pending.
    if (!(await hasProcessed(client, wait.workflowId)) || !(await isStillWoken(db, wait))) continue;
    if (await endForgottenWait(db, wait)) ended += 1;
  }
  return ended;
}

/**
 * Waits until the execution has neither a pending workflow task nor a pending activity. The activity may be a check of
 * the wait, which Temporal offers to all workers until one has the filters and triggers of the definition. Returns
 * false when the execution is not running, or after `PROCESSING_TIMEOUT_MS`.
 */
async function hasProcessed(client: Client, workflowId: string): Promise<boolean> {
  for (const since = performance.now(); performance.now() - since < PROCESSING_TIMEOUT_MS;) {
    const { raw, status } = await client.workflow.getHandle(workflowId).describe();
    if (status.name !== 'RUNNING') return false;
    if (!raw.pendingWorkflowTask && (raw.pendingActivities ?? []).length === 0) return true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return false;
}
