import { ActionStep } from '../../src/domain/definition/action';
import type { CommandOutcome } from '../../src/domain/run/activities';
import { planOf, runList } from '../../src/domain/run/interpret/steps';
import { interceptors } from '../../src/workflows/run/delivery-order';
import { RunState } from '../../src/workflows/run/run-state';
import { Scheduler } from '../../src/workflows/run/scheduler';
import { fakeExecution, type FakeExecution } from './fake-workflow';

const EXECUTIONS: Record<string, 'transaction' | 'short' | 'long'> = { 'test.own': 'transaction', 'test.long': 'long' };

export const plan = (steps: object[]) =>
  planOf(
    steps.map((step) => ActionStep.parse(step)),
    ({ action }) => ({ execution: EXECUTIONS[action] ?? 'short', timeoutMs: 1_000 }),
  );

export interface Driven extends FakeExecution {
  scheduler: Scheduler;
  state: RunState;
}

/** Runs steps and waits until the run pauses. */
export async function drive(steps: object[], { ahead = [], ...more }: Begin = {}): Promise<Driven> {
  const execution = fakeExecution(interceptors());
  more.prepare?.(execution);
  const state = new RunState('run', more.variables ?? {}, { continueAfter: 1_000 });
  const scheduler = new Scheduler(state, {});
  const { progress } = state;
  more.early?.(scheduler);
  await execution.run(() =>
    scheduler.run(runList(progress, progress.root, plan(steps), 'actions'), progress.root, ahead),
  );
  return { ...execution, scheduler, state };
}

export interface Begin {
  ahead?: CommandOutcome[];
  variables?: Record<string, unknown>;
  prepare?: (execution: FakeExecution) => void;
  /** Called before the run starts. */
  early?: (scheduler: Scheduler) => void;
}

export const WAIT = { wait_until: { condition: '1 == 2', timeout_seconds: 60 } };
export const waits = { type: 'wait', over: false, note: 'for a while', recheckAt: null, timeoutAt: 60_000, ms: 60_000 };
export const over = { type: 'wait', over: true, completed: true };
export const DELAY = { delay: { seconds: 5 } };
export const delayed = { type: 'delay', until: 5_000, ms: 5_000 };
export const did = { type: 'done' };
export const OWN = { action: 'test.own' };
export const LONG = { action: 'test.long' };
export const FALSE = { type: 'condition', holds: false, reason: '1 == 2' };

export const evaluated = (at: string, evaluation: unknown, ...more: unknown[]) => ({
  done: [{ at, evaluated: evaluation }, ...more],
  ended: false,
});
export const performed = (at: string, outcome: unknown = did) => ({ done: [{ at, performed: outcome }], ended: false });

export const at = (index: number, branch?: number) =>
  branch === undefined ? `actions[${index}]` : `actions[${index}].parallel[${branch}]`;

/** Ends the stretch at a path with the given evaluation of the step. */
export const answerAt = (run: FakeExecution, path: string, evaluation: unknown) =>
  run.answer(path, evaluated(path, evaluation));
export const performAt = (run: FakeExecution, path: string, outcome?: unknown) =>
  run.answer(path, performed(path, outcome));

/** Ends the activity that writes notes, which has no effect on the steps. */
export const writeNotes = (run: FakeExecution) => run.answer('writeNotes', null);
