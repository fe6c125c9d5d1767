import type { Evaluation } from '../../domain/run/activities';
import type { PlanNode } from '../../domain/run/plan';
import { local } from './activities';
import { RunClosed, StepFailed } from './outcome';
import type { RunState } from './run-state';

type Settled = Exclude<Evaluation, { type: 'closed' | 'skipped' | 'failed' }>;

/**
 * Evaluates a step of ours in an activity. null = `enabled` said no and the step is skipped. Throws when the step
 * failed or the run has ended.
 */
export async function evaluate(run: RunState, node: PlanNode, path: string): Promise<Settled | null> {
  run.show(path, node, 'running');
  const result = await local(node.label).evaluateStep(run.input(path));
  switch (result.type) {
    case 'closed':
      throw new RunClosed();
    case 'failed':
      throw new StepFailed(result.error);
    case 'skipped':
      run.show(path, node, 'skipped');
      return null;
    default:
      return result;
  }
}

/** Runs the children of a step and notes how the step itself ended with them. */
export async function around(
  run: RunState,
  node: PlanNode,
  path: string,
  children: () => Promise<void>,
): Promise<void> {
  try {
    await children();
  } catch (error) {
    if (error instanceof StepFailed) run.note(path, node, 'failed', { error: error.error });
    throw error;
  }
  run.note(path, node, 'success');
}
