import type { Client } from '@temporalio/client';
import type { Database } from '../../db/client';
import { noteDone, positionOf } from '../../db/periodic-work';
import { endLostRun } from '../../db/runs/run-states';
import { openRunsAmong } from '../../db/runs/open-runs';
import type { Clock } from '../../domain/clock';
import { IS_RUN, type RunMemo } from '../../domain/run/messages';
import { endOf } from './execution-end';

/** Name of this work in `periodic_work`. */
export const RECONCILE_CLOSED = 'reconcile-closed';
/**
 * Milliseconds by which the periods of two consecutive queries overlap, because closed executions may appear late in
 * visibility.
 */
const OVERLAP_MS = 60_000;
/** Length of the period that the first round searches for closed executions, in milliseconds. */
const FIRST_PERIOD_MS = 3_600_000;
const PAGE = 200;

/**
 * Ends the open rows of executions that have closed since the last round: terminated or cancelled in the Web UI, timed
 * out, or failed. The cost depends on the number of these executions and not on the number of open runs. Rows whose
 * execution no longer exists are found by `reconcileRuns`.
 */
export function createReconcileClosed(deps: {
  client: () => Client | null;
  database: Database;
  taskQueue: string;
  clock: Clock;
  onRepaired: (count: number) => void;
  onRunsToStart: () => void;
}): () => Promise<void> {
  const { database } = deps;

  const repair = async (client: Client, runIds: readonly string[]): Promise<number> => {
    let repaired = 0;
    for (const run of await openRunsAmong(database.db, runIds)) {
      const end = await endOf(client, run);
      const done = end && (await database.db.transaction((tx) => endLostRun(tx, run, end)));
      if (done === null) continue;
      repaired += 1;
    }
    return repaired;
  };

  return async () => {
    const client = deps.client();
    if (!client) return;
    const startedAt = deps.clock.now().getTime();
    const last = Number((await positionOf(database.db, RECONCILE_CLOSED)) ?? startedAt - FIRST_PERIOD_MS);
    // The position is later than now if the database's clock was set back. Nothing would then be found until that time.
    const since = new Date(Math.min(last, startedAt) - OVERLAP_MS).toISOString();
    const query = `${IS_RUN} AND TaskQueue = '${deps.taskQueue}' AND CloseTime > '${since}' AND ExecutionStatus IN ('Terminated', 'TimedOut', 'Canceled', 'Failed')`;
    let repaired = 0;
    let page: string[] = [];
    for await (const { memo } of client.workflow.list({ query })) {
      const runId = (memo as Partial<RunMemo> | undefined)?.fermataRunId;
      if (runId !== undefined) page.push(runId);
      if (page.length < PAGE) continue;
      repaired += await repair(client, page);
      page = [];
    }
    repaired += await repair(client, page);
    await noteDone(database.db, RECONCILE_CLOSED, startedAt);
    deps.onRepaired(repaired);
    if (repaired > 0) deps.onRunsToStart();
  };
}
