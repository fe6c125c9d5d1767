import { createSharedSteps } from '../../domain/expressions/evaluate';
import type { ConditionSteps } from '../../evaluation/evaluator';

/** Most steps for the expressions of one automation and one change. */
const MOST = createSharedSteps(8).left;
/** Steps for one change that all automations together share. */
const POOL = createSharedSteps(12).left;
/** Steps that every automation gets, however many there are: enough for usual filters, less than a millisecond. */
const LEAST = 5_000;

/** The result of the work for one automation. */
export interface Shared<R> {
  result: R;
  /** Set when it used up a share that is smaller than it would have had alone. */
  limit?: number;
}

/** Steps of one automation. A trace, which evaluates parts again, may take twice as many as the values did. */
export const stepsOf = (share: number): ConditionSteps => ({ values: { left: share }, traces: { left: 2 * share } });

/** Steps of an automation that shares a change with no other one. */
export const stepsOfOne = (): ConditionSteps => stepsOf(partOf(POOL, 1));

/** An equal part of a pool, within the bounds of one automation. */
const partOf = (pool: number, parties: number): number => Math.max(LEAST, Math.min(MOST, Math.floor(pool / parties)));

/** Shares of automations whose waits are evaluated for so many changes. */
export const waitShare = (automations: number, changes: number): number => partOf(POOL * changes, automations);

/** Steps for one evaluation of a wait: what is left of its automation's share, but never fewer than the least. */
export const stepsFor = (own: ConditionSteps): ConditionSteps => (own.values.left > LEAST ? own : stepsOf(LEAST));

/**
 * Does the work of several automations for one change with a bounded number of steps together. Each gets an equal share first.
 * What the others leave is given to those that used theirs up, in further rounds: `work` is then repeated, so it must have no
 * effects. The order of the automations does not matter, and one that takes little is not affected by those that take much.
 */
export async function inShares<T, R>(
  parties: readonly T[],
  work: (party: T, steps: ConditionSteps) => Promise<R>,
): Promise<Shared<R>[]> {
  const results: Shared<R>[] = [];
  let pool = POOL;
  let before = 0;
  let open = [...parties.entries()];
  while (open.length > 0) {
    const share = partOf(pool, open.length);
    // A share that is not much larger is not worth the repetition.
    if (share < MOST && share < 2 * before) break;
    const again: typeof open = [];
    for (const [index, party] of open) {
      const steps = stepsOf(share);
      const result = await work(party, steps);
      pool -= share - Math.max(0, steps.values.left);
      const isUsedUp = steps.values.left <= 0 && share < MOST;
      results[index] = { result, ...(isUsedUp && { limit: share }) };
      if (isUsedUp) again.push([index, party]);
    }
    before = share;
    open = again;
  }
  return results;
}
