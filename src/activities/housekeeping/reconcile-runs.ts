import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Database } from '../../db/client';
import { endLostRun, openRunsAfter, type OpenRun } from '../../db/runs/lost';
import type { RunEnd } from '../../db/runs/finish';
import type { HousekeepingActivities } from '../../domain/run/housekeeping';

const PAGE = 200;

type End = Pick<RunEnd, 'status' | 'endedBy' | 'error'>;

/**
 * Repairs rows whose execution was ended outside: terminated or cancelled in the Web UI, timed out, or lost with
 * Temporal's own database. One page of open rows at each call, going round.
 */
export function createReconcileRuns(deps: {
  client: () => Client | null;
  database: Database;
  onRepaired: (count: number) => void;
  onRunsToStart: () => void;
}): HousekeepingActivities['reconcileRuns'] {
  const { database } = deps;
  let cursor: string | null = null;
  return async () => {
    const client = deps.client();
    if (!client) return { looked: 0, repaired: 0 };
    const page = await openRunsAfter(database.db, cursor, PAGE);
    cursor = page.length === PAGE ? (page.at(-1)?.id ?? null) : null;
    let repaired = 0;
    for (const run of page) {
      const end = await endOf(client, run);
      if (end && (await database.db.transaction((tx) => endLostRun(tx, run, end)))) repaired += 1;
    }
    deps.onRepaired(repaired);
    if (repaired > 0) deps.onRunsToStart();
    return { looked: page.length, repaired };
  };
}

/** How the execution ended, or null while it is open. A completed one wrote its row before: then that write was lost. */
async function endOf(client: Client, run: OpenRun): Promise<End | null> {
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
        error: {
          code: 'execution_lost',
          message: `The execution is gone (${status.toLowerCase().replaceAll('_', ' ')}).`,
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
    // Another execution may have taken the id only after the whole chain had ended.
    return newest.raw.workflowExecutionInfo?.firstRunId === executionRunId ? newest.status.name : 'NOT_FOUND';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'NOT_FOUND';
    throw error;
  }
}

const capital = (text: string) => text.slice(0, 1) + text.slice(1).toLowerCase();
