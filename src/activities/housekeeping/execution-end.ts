import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import type { LostEnd } from '../../db/runs/run-states';
import type { OpenRun } from '../../db/runs/open-runs';
import { isOpen } from '../../temporal/open-execution';

/**
 * Returns how the execution ended. Returns null while it is open (running, or paused by a person), and when this
 * release does not know its status. A completed execution must have tried to write its row, so if the row is still
 * open, that write was lost.
 */
export async function endOf(client: Client, run: OpenRun): Promise<LostEnd | null> {
  const status = await statusOf(client, run);
  switch (status) {
    case 'CANCELLED':
    case 'TERMINATED':
      return { status: 'cancelled', endedBy: { kind: 'temporal', reason: `${capital(status)} in Temporal.` } };
    case 'COMPLETED':
    case 'FAILED':
    case 'TIMED_OUT':
    case 'NOT_FOUND':
      return {
        status: 'failed',
        // An execution that completed or failed has performed `on_failure`; only the write of its end was lost.
        vanished: status === 'NOT_FOUND' || status === 'TIMED_OUT',
        error: {
          code: 'execution_lost',
          message: `The execution no longer exists (${status.toLowerCase().replaceAll('_', ' ')}).`,
        },
      };
    default:
      return null;
  }
}

async function statusOf(client: Client, run: OpenRun): Promise<string> {
  return (await describeLast(client, run))?.status.name ?? 'NOT_FOUND';
}

/**
 * Returns the last execution of a run's chain, or null when Temporal no longer has it. A long run continues in further
 * executions, and Temporal's retention may remove the first execution while the run continues. Resetting an execution
 * terminates it and starts another execution.
 */
export async function describeLast(
  client: Client,
  { workflowId, executionRunId }: Pick<OpenRun, 'workflowId' | 'executionRunId'>,
): Promise<WorkflowExecutionDescription | null> {
  const first = await describe(client, workflowId, executionRunId);
  if (first !== null && isOpen(first)) return first;
  const newest = await describe(client, workflowId);
  if (newest?.raw.workflowExecutionInfo?.firstRunId === executionRunId) return newest;
  // Another execution has the id now, so the whole chain of this execution has ended.
  return first?.status.name === 'CONTINUED_AS_NEW' ? null : first;
}

async function describe(
  client: Client,
  workflowId: string,
  executionRunId?: string,
): Promise<WorkflowExecutionDescription | null> {
  try {
    return await client.workflow.getHandle(workflowId, executionRunId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

const capital = (text: string) => text.slice(0, 1) + text.slice(1).toLowerCase();
