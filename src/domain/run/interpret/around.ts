import type { StepEvaluation } from '../activities';
import type { PlanNode } from '../plan';
import type { RunError, StepStatus } from '../step-record';
import { requestEvaluation, type Steps } from './command';
import type { Context } from './kind';
import { RunClosed, RunEnded, StepFailed } from './outcome';

type Settled = Exclude<StepEvaluation, { type: 'closed' | 'skipped' | 'failed' }>;

/** Shows a step's state. The activity that carries out the step writes its row. */
export function* show(context: Context, node: PlanNode, path: string, status: StepStatus, text?: string): Steps {
  context.progress.observe(path, node, status);
  yield { type: 'note', node, path, status, persist: false, ...(text === undefined ? {} : { text }) };
}

/** Shows a step's state, and makes the next activity write its row. */
export function* note(
  context: Context,
  node: PlanNode,
  path: string,
  status: StepStatus,
  more: { result?: unknown; error?: RunError } = {},
): Steps {
  context.progress.observe(path, node, status);
  yield { type: 'note', node, path, status, persist: true, ...more };
}

/**
 * Evaluates a step and returns the result, which must have this `type`. A `while` or `until` is evaluated for each
 * `iteration`. Returns null when `enabled` is false, so that the step is skipped. Throws when the step failed or the
 * run was closed.
 */
export function* evaluate<T extends Settled['type']>(
  context: Context,
  node: PlanNode,
  path: string,
  type: T,
  iteration?: number,
): Steps<Extract<Settled, { type: T }> | null> {
  if (iteration === undefined) yield* show(context, node, path, 'running');
  const result = yield* requestEvaluation(node, path, iteration);
  if (result.type === 'closed') throw new RunClosed();
  if (result.type === 'failed') throw new StepFailed(result.error);
  if (result.type === 'skipped') {
    yield* show(context, node, path, 'skipped');
    return null;
  }
  // An answer of another type must not count as the end of the step, because the run would then end successfully.
  if (!isOfType(result, type)) throw new Error(`The evaluation of ${path} returned ${result.type}, expected ${type}`);
  return result;
}

function isOfType<T extends Settled['type']>(result: Settled, type: T): result is Extract<Settled, { type: T }> {
  return result.type === type;
}

/** Begins an enclosing step, of which only `enabled` is evaluated. Returns false when the step is skipped. */
export function* enter(context: Context, node: PlanNode, path: string): Steps<boolean> {
  if (node.enabled === 'evaluate') return (yield* evaluate(context, node, path, 'enabled')) !== null;
  yield* note(context, node, path, 'running');
  return true;
}

/**
 * Runs the steps inside a step and records the end of the enclosing step. The value that `children` returns becomes its
 * result.
 */
export function* around(context: Context, node: PlanNode, path: string, children: () => Steps<unknown>): Steps {
  let result: unknown;
  try {
    result = yield* children();
  } catch (error) {
    if (error instanceof StepFailed) yield* note(context, node, path, 'failed', { error: error.error });
    // A false condition inside is not a failure of the enclosing step.
    if (error instanceof RunEnded && error.endedBy.kind === 'condition') yield* note(context, node, path, 'success');
    throw error;
  }
  yield* note(context, node, path, 'success', result === undefined ? {} : { result });
}

/** Records that the open steps below a path are cancelled. */
export function* cancelBelow(context: Context, path: string): Steps {
  for (const [open, node] of context.progress.openBelow(path)) yield* note(context, node, open, 'cancelled');
}
