import type { ParallelAction } from '../../definition/action';
import { mergeBranches } from '../branch-variables';
import type { ParallelNode } from '../plan';
import type { RunError } from '../step-record';
import { around, enter } from './around';
import { throwUnwound, tooLarge } from './branches';
import { requestBranches, type Steps } from './command';
import type { Context, StepKind } from './kind';
import { StepFailed } from './outcome';
import type { Branch } from './progress';

/**
 * Interprets `parallel`: runs all branches concurrently. Each branch has a copy of the variables and runs to its end,
 * even if another branch fails. After that, the first error in the order of the branches fails the step. If a branch
 * ends the whole run (a `stop`), or the run is cancelled, the other branches are cancelled.
 */
export const parallel: StepKind<'parallel', ParallelAction> = {
  plan: (step, base, { planList }) => ({ ...base, kind: 'parallel', branches: planList(step.parallel) }),
  *run(context, node, path) {
    if (!(yield* enter(context, node, path))) return;
    yield* around(context, node, path, function* () {
      const { progress, branch } = context;
      const branches = node.branches.map((_, index) => progress.fork(branch, placeOf(path, index)));
      const errors = yield* runBranches(context, node, path, branches);
      progress.leave(path);
      const variables = mergeBranches(
        branch.variables,
        branches.map((each) => each.variables),
      );
      const larger = tooLarge(variables, node, path);
      // Merged variables that exceed the limit are dropped, so steps after `continue_on_error` see the earlier
      // variables.
      if (larger === undefined) branch.variables = variables;
      const failed = errors.find((error) => error !== undefined) ?? larger;
      if (failed !== undefined) throw new StepFailed(failed);
    });
  },
};

const placeOf = (path: string, index: number): string => `${path}.parallel[${index}]`;

/** Returns the failure of each branch. Throws the error that ended the run, if any. */
function* runBranches(
  context: Context,
  node: ParallelNode,
  path: string,
  branches: readonly Branch[],
): Steps<(RunError | undefined)[]> {
  const { progress } = context;
  const open = branches
    .map((branch, index) => ({ branch, index }))
    .filter(({ branch }) => progress.finished(branch.place) === undefined);
  const starts = open.map(({ branch, index }) => ({
    branch,
    steps: runBranch({ ...context, branch }, node, path, index),
  }));
  const ends = starts.length === 0 ? [] : yield* requestBranches(path, starts);
  yield* throwUnwound(context, path, ends);
  return branches.map(({ place }) => progress.finished(place)?.error);
}

/**
 * Runs a branch. The end of the branch is stored immediately, so that a new execution does not run the branch again.
 */
function* runBranch(context: Context, node: ParallelNode, path: string, index: number): Steps {
  const place = placeOf(path, index);
  const { progress } = context;
  const child = node.branches[index];
  if (!child) return;
  try {
    yield* context.runStep(context, child, place);
    progress.finish(place, {});
  } catch (error) {
    if (error instanceof StepFailed) progress.finish(place, { error: error.error });
    throw error;
  }
}
