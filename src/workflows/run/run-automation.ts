import { ApplicationFailure, CancellationScope, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { RunInput, RunResult } from '../../domain/run/messages';
import { local } from './activities';
import { stretchAt } from '../../domain/run/stretch';
import { runSteps } from './interpreter';
import { RunClosed, RunEnded, StepFailed } from './outcome';
import { RunState } from './run-state';
import type { PlanNode } from '../../domain/run/plan';
import type { EndedBy, RunError } from '../../domain/run/step-record';

interface End {
  status: 'success' | 'failed' | 'cancelled';
  endedBy?: EndedBy;
  error?: RunError;
}

/** One run of one automation: claims its row, executes its plan, writes how it ended. */
export async function runAutomation({ runId }: RunInput): Promise<RunResult> {
  const executionRunId = workflowInfo().firstExecutionRunId;
  // Not to be cancelled: what it has claimed must be ended below.
  const claimed = await CancellationScope.nonCancellable(() => local('start').claimRun({ runId, executionRunId }));
  if (!claimed) return { status: 'dropped' };

  const run = new RunState(runId, claimed.variables);
  run.keep(stretchAt(claimed.plan, 'actions', 0), claimed);
  let cancellation: unknown;
  let end: End;
  try {
    end = await execute(run, claimed.plan);
  } catch (error) {
    if (error instanceof RunClosed) return { status: 'dropped' };
    if (!isCancellation(error)) throw error;
    cancellation = error;
    end = { status: 'cancelled', endedBy: { kind: 'temporal', reason: 'Cancelled in Temporal.' } };
  }
  if (run.ended) return { status: 'success' };
  // After a cancel everything of the workflow's own scope is refused; the row must be written all the same.
  await CancellationScope.nonCancellable(() =>
    local('finish').finishRun({ runId, ...end, journal: run.takeJournal() }),
  );
  if (cancellation !== undefined) throw cancellation;
  if (end.error) throw ApplicationFailure.nonRetryable(end.error.message, end.error.code, end.error);
  return { status: 'success', ...(end.endedBy ? { endedBy: end.endedBy } : {}) };
}

async function execute(run: RunState, plan: readonly PlanNode[]): Promise<End> {
  try {
    await runSteps(run, plan, 'actions');
    return { status: 'success' };
  } catch (error) {
    if (error instanceof StepFailed) return { status: 'failed', error: error.error };
    if (!(error instanceof RunEnded)) throw error;
    if (error.error) return { status: 'failed', endedBy: error.endedBy, error: error.error };
    return { status: 'success', endedBy: error.endedBy };
  }
}
