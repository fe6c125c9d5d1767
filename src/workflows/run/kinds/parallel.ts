import { CancellationScope } from '@temporalio/workflow';
import { mergeBranches } from '../../../domain/run/branch-variables';
import { variablesProblem } from '../../../domain/run/limits';
import type { ParallelNode } from '../../../domain/run/plan';
import type { RunError } from '../../../domain/run/step-record';
import { around, enter } from '../evaluate';
import type { KindHandler, Steps } from '../kind';
import { ContinueLater, RunEnded, StepFailed } from '../outcome';
import type { RunState } from '../run-state';

/**
 * All branches at once, each on a copy of the variables, every one to its end; then the first error by branch order fails
 * the step. What ends the run (a `stop`, a cancel) cancels the other branches.
 */
export const parallel: KindHandler<'parallel'> = async (run, node, path, steps) => {
  if (!(await enter(run, node, path))) return;
  await around(run, node, path, async () => {
    const branches = node.branches.map((_, index) => run.fork(`${path}.parallel[${index}]`));
    const errors = await runBranches(run, node, path, steps, branches);
    run.leave(`${path}.`);
    const variables = mergeBranches(
      run.variables,
      branches.map((branch) => branch.variables),
    );
    const larger = tooLarge(variables, node, path);
    // What cannot be carried is not: steps behind `continue_on_error` see what was there before.
    if (larger === undefined) run.variables = variables;
    const failed = errors.find((error) => error !== undefined) ?? larger;
    if (failed !== undefined) throw new StepFailed(failed);
  });
};

/** What fits into each branch need not fit into the run. */
function tooLarge(variables: Record<string, unknown>, { id }: ParallelNode, path: string): RunError | undefined {
  const message = variablesProblem(variables);
  return message === undefined
    ? undefined
    : { code: 'limit_exceeded', message, path, ...(id === null ? {} : { actionId: id }) };
}

/** What each branch failed with. Throws what ends the run or this execution. */
async function runBranches(
  run: RunState,
  node: ParallelNode,
  path: string,
  steps: Steps,
  branches: readonly RunState[],
): Promise<(RunError | undefined)[]> {
  const scope = new CancellationScope();
  const unwinding: { by?: unknown } = {};
  let later = false;
  let underWay = branches.length;
  /** Ends a branch. What it noted is written when the others may wait for long. */
  const end = (place: string, outcome: { error?: RunError }): Promise<void> | null => {
    run.finish(place, outcome);
    underWay -= 1;
    return underWay === 0 ? null : run.writeNotes();
  };
  const runBranch = async (branch: RunState, index: number): Promise<RunError | undefined> => {
    const place = `${path}.parallel[${index}]`;
    const before = run.finished(place);
    if (before) {
      underWay -= 1;
      return before.error;
    }
    try {
      await steps.runOne(branch, node.branches, `${path}.parallel`, index);
      const notes = end(place, {});
      if (notes) await notes;
    } catch (error) {
      if (error instanceof StepFailed) {
        const notes = end(place, { error: error.error });
        if (notes) await notes;
        return error.error;
      }
      if (error instanceof ContinueLater) later = true;
      else if (!('by' in unwinding)) {
        unwinding.by = error;
        scope.cancel();
      }
    }
    return undefined;
  };
  const errors = await scope.run(() => Promise.all(branches.map(runBranch)));
  if ('by' in unwinding) {
    // The run may go on behind a loop around: what was cancelled here must not stay open.
    if (unwinding.by instanceof RunEnded) run.cancelBelow(`${path}.`);
    throw unwinding.by;
  }
  if (later) throw new ContinueLater();
  return errors;
}
