import {
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  defineSignal,
  makeContinueAsNewFunc,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { RunInput, RunResult, WakeSignal } from '../../domain/run/messages';
import type { PlanNode } from '../../domain/run/plan';
import type { EndedBy, RunError } from '../../domain/run/step-record';
import { stretchAt } from '../../domain/run/stretch';
import { local } from './activities';
import { runSteps } from './interpreter';
import { ContinueLater, RunClosed, RunEnded, StepFailed } from './outcome';
import { RunState } from './run-state';

/** Something that a wait of the run looks at has changed. */
export const wake = defineSignal<[WakeSignal]>('wake');

interface End {
  status: 'success' | 'failed' | 'cancelled';
  endedBy?: EndedBy;
  error?: RunError;
}

/** One run of one automation: claims its row, executes its plan, writes how it ended. */
export async function runAutomation(input: RunInput): Promise<RunResult> {
  const { runId, resume } = input;
  const wakes = new Set<string>();
  // The workflow id is another run's before and after this one.
  setHandler(wake, (signal) => void (signal.runId === runId && wakes.add(signal.path)));
  const { firstExecutionRunId: executionRunId } = workflowInfo();
  const resumes = resume === undefined ? {} : { resumes: true };
  // Not to be cancelled: what it has claimed must be ended below.
  const claimed = await CancellationScope.nonCancellable(() =>
    local('start').claimRun({ runId, executionRunId, ...resumes }),
  );
  if (!claimed) return { status: 'dropped' };

  const run = RunState.begin(runId, claimed, input, wakes);
  run.keep(stretchAt(claimed.plan, 'actions', 0), claimed);
  let cancellation: unknown;
  let end: End;
  try {
    end = await execute(run, claimed.plan, claimed.onFailure ?? []);
  } catch (error) {
    if (error instanceof RunClosed) return { status: 'dropped' };
    if (error instanceof ContinueLater) return continueLater(input, run);
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

/** The same run in a new execution, with an empty history. */
function continueLater(input: RunInput, run: RunState): Promise<never> {
  const { memo, typedSearchAttributes } = workflowInfo();
  const continueAsNew = makeContinueAsNewFunc<typeof runAutomation>({ ...(memo && { memo }), typedSearchAttributes });
  return continueAsNew({ ...input, resume: run.snapshot() });
}

async function execute(run: RunState, plan: readonly PlanNode[], onFailure: readonly PlanNode[]): Promise<End> {
  if (run.failed === undefined) {
    const end = await endOf(() => runSteps(run, plan, 'actions'));
    if (end.error === undefined || onFailure.length === 0) return end;
    run.failed = { ...end, error: end.error };
    const { endedBy, error } = run.failed;
    const noted = { runId: run.runId, error, ...(endedBy && { endedBy }), journal: run.takeJournal() };
    if (!(await local('note the failure').noteRunFailed(noted))) throw new RunClosed();
  }
  // How it ends changes nothing of how the run ended.
  await endOf(() => runSteps(run, onFailure, 'on_failure'));
  return { status: 'failed', ...run.failed };
}

async function endOf(steps: () => Promise<void>): Promise<End> {
  try {
    await steps();
    return { status: 'success' };
  } catch (error) {
    if (error instanceof StepFailed) return { status: 'failed', error: error.error };
    if (!(error instanceof RunEnded)) throw error;
    if (error.error) return { status: 'failed', endedBy: error.endedBy, error: error.error };
    return { status: 'success', endedBy: error.endedBy };
  }
}
