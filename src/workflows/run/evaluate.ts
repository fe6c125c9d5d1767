import type { Evaluation } from '../../domain/run/activities';
import type { PlanNode } from '../../domain/run/plan';
import type { Stretch } from '../../domain/run/stretch';
import { local } from './activities';
import { RunClosed, RunEnded, StepFailed } from './outcome';
import type { RunState } from './run-state';

type Settled = Exclude<Evaluation, { type: 'closed' | 'skipped' | 'failed' }>;

/**
 * Evaluates a step of ours in an activity; a `repeat` for each `iteration`. The stretch `behind` it is performed there too
 * when the step lets the run go on, and kept for its turn. null = `enabled` said no and the step is skipped. Throws when
 * the step failed or the run has ended.
 */
export async function evaluate(
  run: RunState,
  node: PlanNode,
  path: string,
  { iteration, behind = null }: { iteration?: number; behind?: Stretch | null } = {},
): Promise<Settled | null> {
  if (iteration === undefined) run.show(path, node, 'running');
  const input = {
    ...run.input(path),
    ...(iteration === undefined ? {} : { iteration }),
    ...(behind && { behind }),
  };
  const result = await run.calling(local(node.label).evaluateStep(input));
  // Histories from before steps took what is behind them along have none.
  if (behind && result.then) run.keep(behind, result.then);
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

/** Begins a step around others that has nothing to evaluate but `enabled`. False = it is skipped. */
export async function enter(run: RunState, node: PlanNode, path: string): Promise<boolean> {
  if (node.enabled === 'evaluate') return (await evaluate(run, node, path)) !== null;
  run.note(path, node, 'running');
  return true;
}

/** Runs the children of a step and notes how the step itself ended with them; what they give is its result. */
export async function around(
  run: RunState,
  node: PlanNode,
  path: string,
  children: () => Promise<unknown>,
): Promise<void> {
  let result: unknown;
  try {
    result = await children();
  } catch (error) {
    if (error instanceof StepFailed) run.note(path, node, 'failed', { error: error.error });
    // A false condition below was no failure of what is around it.
    if (error instanceof RunEnded && error.endedBy.kind === 'condition') run.note(path, node, 'success');
    throw error;
  }
  run.note(path, node, 'success', result === undefined ? {} : { result });
}
