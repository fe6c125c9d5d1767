import { setSince } from '../branch-variables';
import type { RunError } from '../step-record';
import { cancelBelow, show } from './around';
import { throwUnwound, tooLarge } from './branches';
import { requestBranches, type BranchStart, type Steps } from './command';
import { begunAt, endOf, iterationAt, scopeOf, resultAtEnd, type Loop, type LoopResult } from './loop';
import { RunEnded, StepFailed } from './outcome';
import type { Branch } from './progress';

/**
 * Runs iterations of a `for_each` concurrently, at most `limit` at a time, starting them in the order of the items.
 * Each iteration is a branch with a copy of the variables, and the changes are merged in the order of the items. After
 * a failure, no further iteration begins. When all current iterations have ended, the first failure in the order of the
 * items fails the loop.
 */
export function* runSideBySide(loop: Loop, limit: number): Steps<LoopResult> {
  const { context, path, node } = loop;
  const iterations = new Iterations(loop);
  const starts: BranchStart[] = [];
  while (starts.length < limit) {
    const start = iterations.next();
    if (start === null) break;
    starts.push(start);
  }
  const ends = starts.length === 0 ? [] : yield* requestBranches(path, starts, () => iterations.next());
  yield* throwUnwound(context, path, ends);
  const { variables, error } = iterations.outcome();
  const larger = tooLarge(variables, node, path);
  // Merged variables that exceed the limit are dropped, so steps after `continue_on_error` see the earlier variables.
  if (larger === undefined) context.branch.variables = variables;
  const failed = error ?? larger;
  if (failed !== undefined) throw new StepFailed(failed);
  return resultAtEnd(endOf(loop), loop);
}

const isEmpty = (map: Record<string, unknown>): boolean => Object.keys(map).length === 0;

/**
 * The iterations of one loop. The position of the loop is the number of successful iterations before the first
 * iteration that has failed or has not ended. These iterations are merged into one branch and dropped, so that a
 * snapshot contains only later iterations.
 */
class Iterations {
  private readonly merged: Branch;
  /** Branches of iterations that have ended but have not been merged yet. */
  private readonly ended = new Map<number, Branch>();
  private upcoming: number;
  private failed = false;

  constructor(private readonly loop: Loop) {
    const { context, path } = loop;
    const { progress } = context;
    this.merged = progress.fork(context.branch, `${path}.merged`);
    this.upcoming = progress.position(path);
    // Restores the branches of iterations that ended in an earlier execution.
    for (let index = this.upcoming; index < progress.position(begunAt(path)); index += 1) {
      const outcome = progress.finished(iterationAt(path, index));
      if (!outcome) continue;
      this.failed ||= outcome.error !== undefined;
      this.ended.set(index, this.fork(index));
    }
  }

  /**
   * Returns the next iteration to begin, or to continue in a new execution. Returns null when there is currently none.
   */
  next(): BranchStart | null {
    const { context, path } = this.loop;
    const { progress } = context;
    while (this.ended.has(this.upcoming)) this.upcoming += 1;
    const index = this.upcoming;
    const begun = progress.position(begunAt(path));
    if (index >= (this.failed ? begun : endOf(this.loop))) return null;
    this.upcoming += 1;
    progress.reach(begunAt(path), Math.max(begun, this.upcoming));
    const branch = this.fork(index);
    return { branch, steps: this.run(index, branch) };
  }

  /** Returns the merged variables of all iterations, and the first failure, both in the order of the items. */
  outcome(): { variables: Record<string, unknown>; error: RunError | undefined } {
    const { context, path } = this.loop;
    const rest = [...this.ended].sort(([one], [other]) => one - other);
    const errors = rest.map(([index]) => context.progress.finished(iterationAt(path, index))?.error);
    return {
      variables: this.merge(rest.map(([, branch]) => branch)),
      error: errors.find((error) => error !== undefined),
    };
  }

  private fork(index: number): Branch {
    const { context, path } = this.loop;
    const branch = context.progress.fork(context.branch, iterationAt(path, index));
    branch.repeat = scopeOf(this.loop, index);
    return branch;
  }

  private *run(index: number, branch: Branch): Steps {
    const { node, path, total } = this.loop;
    const context = { ...this.loop.context, branch };
    const place = iterationAt(path, index);
    try {
      yield* show(context, node, path, 'running', `iteration ${index + 1}${total === undefined ? '' : ` of ${total}`}`);
      yield* context.runList(context, node.sequence, `${place}.sequence`);
    } catch (error) {
      if (error instanceof StepFailed) this.end(index, branch, { error: error.error });
      // A false `condition` ends only its iteration.
      if (!(error instanceof RunEnded) || error.endedBy.kind !== 'condition') throw error;
      yield* cancelBelow(context, place);
    }
    this.end(index, branch, {});
  }

  private end(index: number, branch: Branch, outcome: { error?: RunError }): void {
    const { context, path } = this.loop;
    const { progress } = context;
    const place = iterationAt(path, index);
    progress.leave(place);
    progress.finish(place, outcome);
    this.failed ||= outcome.error !== undefined;
    if (isEmpty(setSince(context.branch.variables, branch.variables))) progress.forgetBranch(place);
    branch.wait = undefined;
    this.ended.set(index, branch);
    this.mergeEnded();
  }

  /** Merges the successful iterations before the first iteration that has failed or has not ended. */
  private mergeEnded(): void {
    const { context, path } = this.loop;
    const { progress } = context;
    const through: Branch[] = [];
    let index = progress.position(path);
    for (; ; index += 1) {
      const branch = this.ended.get(index);
      if (!branch || progress.finished(branch.place)?.error !== undefined) break;
      this.ended.delete(index);
      progress.forget(branch.place);
      through.push(branch);
    }
    if (through.length === 0) return;
    this.merged.variables = this.merge(through);
    progress.reach(path, index);
  }

  /** Returns the variables merged so far, with the changes of these branches. */
  private merge(branches: readonly Branch[]): Record<string, unknown> {
    const before = this.loop.context.branch.variables;
    const set = branches.map(({ variables }) => setSince(before, variables));
    return Object.assign({ ...this.merged.variables }, ...set) as Record<string, unknown>;
  }
}
