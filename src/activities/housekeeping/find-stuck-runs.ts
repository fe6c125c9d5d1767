import type { Client } from '@temporalio/client';
import type { Database } from '../../db/client';
import { noteDone } from '../../db/periodic-work';
import type { RunSource } from '../../db/runs/run-source';
import { NO_PROGRESS_SECONDS, quietRuns, writeStuckRuns, type QuietRun, type StuckRun } from '../../db/runs/stuck';
import { messageOf } from '../../domain/errors';
import { describeLast } from './execution-end';

const LIMIT = 500;
/** Maximum number of concurrent calls to Temporal. */
const CONCURRENT = 10;
/** Number of consecutive workflow task failures after which a run is reported as stuck. */
const STUCK_FAILURES = 3;
/** Name of this work in `periodic_work`. */
export const FIND_STUCK_RUNS = 'find-stuck-runs';

/**
 * Creates the periodic work that finds open runs without progress and determines the reasons. `fermata doctor`, alert
 * rules and the API report them.
 */
export function createFindStuckRuns(deps: {
  client: () => Client | null;
  database: Database;
  sourceOf: (runId: string) => Promise<RunSource>;
}): () => Promise<void> {
  const { database } = deps;

  const reasonOf = async (run: QuietRun): Promise<Omit<StuckRun, 'runId'> | null> => {
    const seconds = Math.round(run.quietSeconds);
    if (run.status === 'pending') {
      const reason = `Not started for ${seconds} s: no worker with a free workflow task slot has reached Temporal.`;
      return { code: 'not_started', reason };
    }
    const failures = await failuresOf(deps.client(), run);
    if (failures >= STUCK_FAILURES) {
      return { code: 'workflow_task', reason: `Its workflow task failed ${failures} times; Temporal shows the error.` };
    }
    try {
      await deps.sourceOf(run.id);
    } catch (error) {
      const reason = `Version ${run.version} of its definition cannot be read: ${messageOf(error).slice(0, 300)}`;
      return { code: 'definition', reason };
    }
    if (run.status === 'running' && run.quietSeconds > NO_PROGRESS_SECONDS && !run.isCalling) {
      return { code: 'no_progress', reason: `No step has begun or ended for ${seconds} s.` };
    }
    return null;
  };

  return async () => {
    const quiet = await quietRuns(database.db, LIMIT);
    const stuck: StuckRun[] = [];
    for (let from = 0; from < quiet.length; from += CONCURRENT) {
      const page = quiet.slice(from, from + CONCURRENT);
      const reasons = await Promise.all(page.map(reasonOf));
      for (const [index, reason] of reasons.entries()) {
        const run = page[index];
        if (run && reason) stuck.push({ runId: run.id, ...reason });
      }
    }
    await database.db.transaction((tx) => writeStuckRuns(tx, stuck));
    await noteDone(database.db, FIND_STUCK_RUNS);
  };
}

/**
 * Returns how many times the pending workflow task has failed, or 0 when no task is pending or the execution no longer
 * exists.
 */
async function failuresOf(client: Client | null, { workflowId, executionRunId }: QuietRun): Promise<number> {
  if (client === null || executionRunId === null) return 0;
  const last = await describeLast(client, { workflowId, executionRunId });
  // The first attempt has the number 1.
  return Math.max(0, Number(last?.raw.pendingWorkflowTask?.attempt ?? 0) - 1);
}
