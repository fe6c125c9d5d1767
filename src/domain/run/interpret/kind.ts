import type { ActionStep, ProviderAction } from '../../definition/action';
import type { NodeOf, PlanKind, PlanNode } from '../plan';
import type { Steps } from './command';
import type { Branch, Progress } from './progress';

/** Returns how an action is executed, as its provider declares for the unrendered configuration. */
export type ExecutionOf = (step: ProviderAction) => { execution: 'transaction' | 'short' | 'long'; timeoutMs: number };

/** Plans the steps inside a step. */
export type PlanList = (steps: readonly ActionStep[]) => PlanNode[];

/** Fields that all nodes have. */
export type NodeBase = Pick<PlanNode, 'id' | 'label' | 'enabled' | 'continueOnError'>;

/** The context in which a step is interpreted. */
export interface Context {
  progress: Progress;
  branch: Branch;
  /** Runs the steps of a list one after another. `prefix` is their path without the index. */
  runList(context: Context, steps: readonly PlanNode[], prefix: string): Steps;
  /** Runs one step. */
  runStep(context: Context, node: PlanNode, path: string): Steps;
}

/**
 * A kind of step, with its plan and its interpretation. `run` returns when the run continues with the next step.
 * Otherwise it throws `StepFailed`, `RunEnded` or `RunClosed`. When it returns or throws `StepFailed`, the final state
 * of the step has been recorded.
 */
export interface StepKind<K extends PlanKind, S = ActionStep> {
  plan(step: S, base: NodeBase, more: { planList: PlanList; executionOf: ExecutionOf }): NodeOf<K>;
  run(context: Context, node: NodeOf<K>, path: string): Steps;
}
