import type { NodeOf, PlanKind, PlanNode } from '../../domain/run/plan';
import type { Stretch } from '../../domain/run/stretch';
import type { RunState } from './run-state';

/** How steps run the steps inside them, and what comes behind them. */
export interface Steps {
  /** The steps of a list one after another; `prefix` is their place without the index. */
  runList(run: RunState, steps: readonly PlanNode[], prefix: string): Promise<void>;
  /** One entry of a list, alone. */
  runOne(run: RunState, steps: readonly PlanNode[], prefix: string, index: number): Promise<void>;
  /** Can be performed in one go with a step that has none inside and lets the run go on. */
  behind: Stretch | null;
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
