import type { NodeOf, PlanKind, PlanNode } from '../../domain/run/plan';
import type { RunState } from './run-state';

/** How steps run the steps inside them. */
export interface Steps {
  /** The steps of a list one after another; `prefix` is their place without the index. */
  runList(run: RunState, steps: readonly PlanNode[], prefix: string): Promise<void>;
  /** One entry of a list, alone. */
  runOne(run: RunState, steps: readonly PlanNode[], prefix: string, index: number): Promise<void>;
}

/**
 * How one kind of step is executed. Returns when the run goes on with the next step; throws `StepFailed`, `RunEnded`,
 * `RunClosed` or `ContinueLater`. It leaves the step's row in its final state, by an activity or by a note.
 */
export type KindHandler<K extends PlanKind> = (
  run: RunState,
  node: NodeOf<K>,
  path: string,
  steps: Steps,
) => Promise<void>;
