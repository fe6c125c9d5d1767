import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { LostEnd } from '../../db/runs/run-states';
import type { OpenRun } from '../../db/runs/open-runs';

/**
 * Returns how the execution ended, or null while it is open. A completed execution must have tried to write its row, so
 * that write was lost.
 */
export async function endOf(client: Client, run: OpenRun): Promise<LostEnd | null> {
  const status = await statusOf(client, run);
  switch (status) {
    case 'RUNNING':
      return null;
    case 'CANCELLED':
    case 'TERMINATED':
      return { status: 'cancelled', endedBy: { kind: 'temporal', reason: `${capital(status)} in Temporal.` } };
    default:
      return {
        status: 'failed',
        // An execution that completed or failed has performed `on_failure`; only the write of its end was lost.
        vanished: status === 'NOT_FOUND' || status === 'TIMED_OUT',
        error: {
          code: 'execution_lost',
          message: `The execution no longer exists (${status.toLowerCase().replaceAll('_', ' ')}).`,
        },
      };
  }
}

async function statusOf(client: Client, { workflowId, executionRunId }: OpenRun): Promise<string> {
  try {
    const handle = client.workflow.getHandle(workflowId, executionRunId);
    const { status } = await handle.describe();
    if (status.name !== 'CONTINUED_AS_NEW') return status.name;
    const newest = await client.workflow.getHandle(workflowId).describe();
    // If another execution has the id now, the whole chain of this execution has ended.
    return newest.raw.workflowExecutionInfo?.firstRunId === executionRunId ? newest.status.name : 'NOT_FOUND';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'NOT_FOUND';
    throw error;
  }
}

const capital = (text: string) => text.slice(0, 1) + text.slice(1).toLowerCase();
