import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Database } from '../../db/client';
import { noteDone, positionOf } from '../../db/periodic-work';
import { endLostRun } from '../../db/runs/run-states';
import { openRunsAfter, waitsWithoutRow, withoutRow, type OpenRun } from '../../db/runs/open-runs';
import type { Clock } from '../../domain/clock';
import type { HousekeepingActivities } from '../../domain/run/housekeeping';
import { IS_RUN, type RunMemo, type WakeSignal } from '../../domain/run/messages';
import { endOf } from './execution-end';
import { endForgottenWaits, evaluateWaits } from './unanswered-wakes';

/** Name of the entry in `periodic_work` that contains the round number. */
const ROUND = 'reconcile-runs';

const PAGE = 200;
/** Maximum number of concurrent calls to Temporal. */
const CONCURRENT = 20;
/**
 * Time limit in milliseconds for one execution of the activity. It must be below the start-to-close timeout. The next
 * execution continues where this one stopped.
 */
const BUDGET_MS = 120_000;
/** Age in milliseconds below which an execution is not terminated, because its row may not be committed yet. */
const SETTLED_MS = 60_000;

interface ReconcileDeps {
  client: () => Client | null;
  database: Database;
  taskQueue: string;
  clock: Clock;
  onRepaired: (count: number) => void;
  onRunsToStart: () => void;
}

/**
 * Repairs differences between rows and Temporal: open rows whose executions were closed from outside (in the Web UI, by
 * a timeout, or lost with Temporal's own database), executions whose rows no longer exist (Postgres was restored from a
 * backup), and waiting runs without a wait. After a restore of Postgres, every open execution gets a signal to evaluate
 * its waits, because it may be ahead of its rows. Reads all open runs in pages until the time limit is reached; the
 * next execution of the activity continues from there.
 */
export function createReconcileRuns(deps: ReconcileDeps): HousekeepingActivities['reconcileRuns'] {
  const { database } = deps;
  let cursor: string | null = null;
  let afterRestore = false;

  const repairRow = async (client: Client, run: OpenRun): Promise<boolean> => {
    const end = await endOf(client, run);
    if (end === null) {
      if (afterRestore) await evaluateWaits(client, run);
      return false;
    }
    const repaired = await database.db.transaction((tx) => endLostRun(tx, run, end));
    return repaired !== null;
  };

  return async ({ before } = { before: 0 }) => {
    const client = deps.client();
    if (!client) return { compared: 0, repaired: 0, round: before };
    const endsAt = performance.now() + BUDGET_MS;
    const known = Number((await positionOf(database.db, ROUND)) ?? 0);
    let compared = 0;
    let repaired = await endOrphans(client, deps, endsAt);
    if (repaired > 0 || known < before) {
      afterRestore = true;
      cursor = null;
    }
    do {
      const page = await openRunsAfter(database.db, cursor, PAGE);
      repaired += await inChunks(page, (run) => repairRow(client, run));
      compared += page.length;
      cursor = page.length === PAGE ? (page.at(-1)?.id ?? null) : null;
    } while (cursor !== null && performance.now() < endsAt);
    afterRestore &&= cursor !== null;
    repaired += await armMissingWaits(client, database);
    repaired += await endForgottenWaits(client, database.db);
    const round = Math.max(known, before) + 1;
    await noteDone(database.db, ROUND, round);
    deps.onRepaired(repaired);
    if (repaired > 0) deps.onRunsToStart();
    return { compared, repaired, round };
  };
}

/** Runs `work` for all items, at most `CONCURRENT` at a time. Returns how many calls returned true. */
async function inChunks<T>(items: readonly T[], work: (item: T) => Promise<boolean>): Promise<number> {
  let count = 0;
  for (let from = 0; from < items.length; from += CONCURRENT) {
    const results = await Promise.all(items.slice(from, from + CONCURRENT).map(work));
    count += results.filter(Boolean).length;
  }
  return count;
}

/**
 * Wakes runs with a waiting step that has no row in `waits`. The evaluation that follows arms the wait again. Returns
 * the number of signals that were sent.
 */
async function armMissingWaits(client: Client, { db }: Database): Promise<number> {
  return inChunks(await waitsWithoutRow(db, PAGE), async ({ runId, path, workflowId }) => {
    const signal: WakeSignal = { runId, path };
    try {
      await client.workflow.getHandle(workflowId).signal('wake', signal);
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  });
}

/**
 * Terminates executions of this task queue whose runs have no row, because none of their steps can be accepted. Returns
 * how many were terminated.
 */
async function endOrphans(
  client: Client,
  { database, taskQueue, clock }: ReconcileDeps,
  endsAt: number,
): Promise<number> {
  let ended = 0;
  let page: { workflowId: string; executionRunId: string; runId: string }[] = [];
  const endPage = async (): Promise<void> => {
    const gone = await withoutRow(
      database.db,
      page.map(({ runId }) => runId),
    );
    const orphans = page.filter(({ runId }) => gone.has(runId));
    page = [];
    ended += await inChunks(orphans, async ({ workflowId, executionRunId }) => {
      try {
        await client.workflow.getHandle(workflowId, executionRunId).terminate('The run has no row.');
        return true;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    });
  };
  const query = `${IS_RUN} AND ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue}'`;
  for await (const { workflowId, runId, memo, startTime } of client.workflow.list({ query })) {
    const fermataRunId = (memo as Partial<RunMemo> | undefined)?.fermataRunId;
    if (fermataRunId === undefined || clock.now().getTime() - startTime.getTime() < SETTLED_MS) continue;
    page.push({ workflowId, executionRunId: runId, runId: fermataRunId });
    if (page.length === PAGE) await endPage();
    if (performance.now() >= endsAt) break;
  }
  await endPage();
  return ended;
}
