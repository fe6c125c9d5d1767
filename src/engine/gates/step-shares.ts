import { createSharedSteps } from '../../domain/expressions/evaluate';
import type { ConditionSteps } from '../../evaluation/evaluator';

/** Maximum number of steps for the expressions of one automation and one change. */
const MAX_SHARE = createSharedSteps(8).left;
/** Number of steps for one change, shared by all automations. */
const POOL = createSharedSteps(12).left;
/**
 * Minimum number of steps for one automation, however many automations there are. Typical filters need fewer steps, and
 * 5,000 steps take less than a millisecond.
 */
const MIN_SHARE = 5_000;

/** The result of the work for one automation. */
export interface SharedResult<R> {
  result: R;
  /**
   * Size of the automation's share in steps. Set when the automation used up its share, and would have had a larger
   * share if it were the only automation.
   */
  limit?: number;
}

/**
 * Returns the steps of one automation. A trace evaluates parts again, so traces may take twice as many steps as values.
 */
export const stepsOf = (share: number): ConditionSteps => ({ values: { left: share }, traces: { left: 2 * share } });

/** Returns the steps of an automation that is evaluated alone, so that nothing else uses the pool. */
export const stepsOfOne = (): ConditionSteps => stepsOf(partOf(POOL, 1));

/** Returns an equal part of a pool, within the limits of one automation. */
const partOf = (pool: number, parties: number): number =>
  Math.max(MIN_SHARE, Math.min(MAX_SHARE, Math.floor(pool / parties)));

/**
 * Returns the number of steps for each automation when the waits of several automations are evaluated for several
 * changes.
 */
export const waitShare = (automations: number, changes: number): number => partOf(POOL * changes, automations);

/**
 * Returns the steps for one evaluation of a wait: the rest of its automation's share, but at least `MIN_SHARE`.
 */
export const stepsFor = (own: ConditionSteps): ConditionSteps =>
  own.values.left > MIN_SHARE ? own : stepsOf(MIN_SHARE);

/**
 * Does the work of several automations for one change with a limited total of steps. Each automation first gets an
 * equal share. Unused steps are then divided, in further rounds, among the automations that used up their share. `work`
 * is repeated in each round, so it must have no side effects. The order of the automations does not matter, and an
 * automation that takes few steps is not affected by automations that take many.
 */
export async function inShares<T, R>(
  parties: readonly T[],
  work: (party: T, steps: ConditionSteps) => Promise<R>,
): Promise<SharedResult<R>[]> {
  const results: SharedResult<R>[] = [];
  let pool = POOL;
  let before = 0;
  let open = [...parties.entries()];
  while (open.length > 0) {
    const share = partOf(pool, open.length);
    // Another round is useful only if the new share is at least twice the previous share.
    if (share < MAX_SHARE && share < 2 * before) break;
    const again: typeof open = [];
    for (const [index, party] of open) {
      const steps = stepsOf(share);
      const result = await work(party, steps);
      pool -= share - Math.max(0, steps.values.left);
      const isUsedUp = steps.values.left <= 0 && share < MAX_SHARE;
      results[index] = { result, ...(isUsedUp && { limit: share }) };
      if (isUsedUp) again.push([index, party]);
    }
    before = share;
    open = again;
  }
  return results;
}
