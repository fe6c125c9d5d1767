import {
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  defineSignal,
  makeContinueAsNewFunc,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ClaimResult, Stretched } from '../../domain/run/activities';
import { ACTIVITY_NAMES } from '../../domain/run/activity-names';
import type { Steps } from '../../domain/run/interpret/command';
import { endAfter, RunClosed } from '../../domain/run/interpret/outcome';
import { runList } from '../../domain/run/interpret/steps';
import type { EvaluateWaitsSignal, RunInput, RunResult, WakeSignal } from '../../domain/run/messages';
import type { EndedBy, RunError } from '../../domain/run/step-record';
import { local } from './activities';
import { ContinueLater } from './outcome';
import { RunState } from './run-state';
import { Scheduler } from './scheduler';
import { MAX_INPUT_BYTES, overLimit } from './task-room';

/** Sent when something that a wait of the run depends on has changed. */
export const wake = defineSignal<[WakeSignal]>('wake');

/** Sent when wait rows might not match the execution. Each wait is evaluated again, which rewrites its row. */
export const evaluateWaits = defineSignal<[EvaluateWaitsSignal]>('evaluateWaits');

interface End {
  status: 'success' | 'failed' | 'cancelled';
  endedBy?: EndedBy;
  error?: RunError;
}

/** Performs one run of an automation: claims its row, executes its plan, and writes the end of the run. */
export async function runAutomation(input: RunInput): Promise<RunResult> {
  const { runId, resume } = input;
  // Signals may arrive in the first task, before the claim has been answered. They are kept for the scheduler.
  const early: string[] = [];
  let onWake = (path: string): void => void early.push(path);
  // Before and after this run, other runs may use the same workflow id.
  setHandler(wake, (signal) => {
    if (signal.runId === runId) onWake(signal.path);
  });
  let onEvaluateWaits = (): void => undefined;
  setHandler(evaluateWaits, (signal) => {
    if (signal.runId === runId) onEvaluateWaits();
  });
  const { firstExecutionRunId: executionRunId } = workflowInfo();
  const resumes = resume === undefined ? {} : { resumes: true };
  // The claim is not cancellable, because a claimed row must be ended below.
  const claimed = await CancellationScope.nonCancellable(() =>
    local(input.first ?? ACTIVITY_NAMES.claim, 'start').claimRun({ runId, executionRunId, ...resumes }),
  );
  // The row has ended or belongs to another execution, so this execution ends without any effect.
  if (!claimed) return { status: 'dropped' };

  const state = new RunState(runId, claimed.variables, input);
  state.failed ??= claimed.failed;
  const scheduler = new Scheduler(state, claimed);
  onEvaluateWaits = () => scheduler.wakeAll();
  onWake = (path) => scheduler.wake(path);
  for (const path of early) scheduler.wake(path);
  return runClaimed(input, claimed, state, scheduler);
}

async function runClaimed(
  input: RunInput,
  claimed: Stretched & ClaimResult,
  state: RunState,
  scheduler: Scheduler,
): Promise<RunResult> {
  const { runId } = input;
  let cancellation: unknown;
  let end: End;
  try {
    end = await execute(state, scheduler, claimed);
  } catch (error) {
    // The row was closed from outside (cancelled, replaced) during the run, so its end is already written.
    if (error instanceof RunClosed) return { status: 'dropped' };
    if (error instanceof ContinueLater) return continueLater(input, state);
    if (!isCancellation(error)) throw error;
    cancellation = error;
    end = { status: 'cancelled', endedBy: { kind: 'temporal', reason: 'Cancelled in Temporal.' } };
  }
  // One statement has written both the last step and the end of the run. Nothing is left to write.
  if (state.rowEnded) return { status: 'success' };
  // After a cancellation, the workflow's own scope refuses every activity, but the row must still be written.
  await CancellationScope.nonCancellable(() =>
    local(ACTIVITY_NAMES.finish).finishRun({ runId, ...end, journal: state.takeNotes() }),
  );
  if (cancellation !== undefined) throw cancellation;
  // The row was written first. If the worker dies before this line, another worker gets the task and replays up to this
  // point.
  if (end.error) throw ApplicationFailure.nonRetryable(end.error.message, end.error.code, end.error);
  return { status: 'success', ...(end.endedBy ? { endedBy: end.endedBy } : {}) };
}

/** Continues the run in a new execution, with an empty history. */
function continueLater(input: RunInput, state: RunState): Promise<never> {
  const { memo, typedSearchAttributes } = workflowInfo();
  const continueAsNew = makeContinueAsNewFunc<typeof runAutomation>({ ...(memo && { memo }), typedSearchAttributes });
  return continueAsNew({ ...input, resume: state.snapshot() });
}

async function execute(state: RunState, scheduler: Scheduler, claimed: Stretched & ClaimResult): Promise<End> {
  const { plan, onFailure = [] } = claimed;
  const { progress } = state;
  const run = (steps: Steps, { done, call }: Pick<Stretched, 'done' | 'call'> = { done: [] }) =>
    endOf(state, () => scheduler.run(steps, progress.root, done, call));
  state.rowEnded = claimed.ended;
  if (state.failed === undefined) {
    const end = await run(runList(progress, progress.root, plan, 'actions'), claimed);
    if (end.error === undefined || onFailure.length === 0) return end;
    const { endedBy, error } = end;
    state.failed = { ...(endedBy && { endedBy }), error };
    progress.leaveAll(error);
    const noted = { runId: state.runId, error, ...(endedBy && { endedBy }), journal: state.takeNotes() };
    // The failure is stored before `on_failure` begins, so that after a crash, or in a new execution, the run does not
    // repeat its actions.
    if (!(await local(ACTIVITY_NAMES.failure, 'note the failure').noteRunFailed(noted))) throw new RunClosed();
  }
  // The outcome of `on_failure` does not change the outcome of the run.
  await run(runList(progress, progress.root, onFailure, 'on_failure'));
  return { status: 'failed', ...state.failed };
}

/**
 * Returns the failure of a run whose state is too large for the input of a new execution, or undefined when it fits.
 */
function tooLong(state: RunState): End | undefined {
  const bytes = state.snapshotBytes();
  if (bytes <= MAX_INPUT_BYTES) return undefined;
  const message = `The history is long, and the variables of all branches together are too large to continue in a new one: ${overLimit(bytes)}.`;
  return { status: 'failed', error: { code: 'limit_exceeded', message } };
}

async function endOf(state: RunState, steps: () => Promise<void>): Promise<End> {
  try {
    await steps();
    return { status: 'success' };
  } catch (error) {
    if (error instanceof ContinueLater && state.failed === undefined) return tooLong(state) ?? Promise.reject(error);
    return endAfter(error);
  }
}
