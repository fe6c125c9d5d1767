import type { NodeOf, PlanKind, PlanNode } from '../../domain/run/plan';
import type { RunState } from './run-state';

/** Runs the steps of a list one after another; `prefix` is their place without the index. */
export type RunSteps = (run: RunState, steps: readonly PlanNode[], prefix: string) => Promise<void>;

/**
 * How one kind of step is executed. Returns when the run goes on with the next step; throws `StepFailed`, `RunEnded`
 * or `RunClosed`. It leaves the step's row in its final state, by an activity or by a note.
 */
export type KindHandler<K extends PlanKind> = (
  run: RunState,
  node: NodeOf<K>,
  path: string,
  runSteps: RunSteps,
) => Promise<void>;
