import { createSharedSteps } from '../../domain/expressions/evaluate';
import { inShares, stepsFor, stepsOf, waitShare } from './step-shares';

/**
 * Returns work that needs `need` steps and ends early when none are left, as an evaluation does. Adds the steps to
 * `taken`.
 */
const needing =
  (taken: { total: number }) =>
  (need: number, steps: { values: { left: number } }): Promise<boolean> => {
    const takes = Math.min(need, steps.values.left);
    steps.values.left -= takes;
    taken.total += takes;
    return Promise.resolve(takes === need);
  };

const share = async (needs: readonly number[]) => {
  const taken = { total: 0 };
  const results = await inShares(needs, needing(taken));
  return { ...taken, passed: results.map(({ result }) => result), limits: results.map(({ limit }) => limit) };
};

const EVALUATION = createSharedSteps(1).left;

describe('the steps of automations for one change', () => {
  test('are the maximum for an automation if it is the only one', async () => {
    expect(await share([8 * EVALUATION - 1])).toMatchObject({ passed: [true], limits: [undefined] });
    expect(await share([9 * EVALUATION])).toMatchObject({
      passed: [false],
      limits: [undefined],
      total: 8 * EVALUATION,
    });
  });

  test('have a total limit, and cheap automations get their steps regardless of their position', async () => {
    const heavy: number[] = Array.from({ length: 200 }, () => 9 * EVALUATION);
    const needs = [1_000, ...heavy.slice(100), 1_000, ...heavy.slice(100), 1_000];
    const { total, passed, limits } = await share(needs);
    expect(total).toBeLessThanOrEqual(12 * EVALUATION);
    expect([passed[0], passed[101], passed[202]]).toEqual([true, true, true]);
    expect(passed.filter((each) => each)).toHaveLength(3);
    expect(limits.filter((limit) => limit !== undefined)).toHaveLength(200);
  });

  test('are passed from those that do not use them to those that need more, regardless of the order', async () => {
    const cheap = Array.from({ length: 98 }, () => 500);
    const medium = 4 * EVALUATION;
    for (const needs of [
      [medium, medium, ...cheap],
      [...cheap, medium, medium],
    ]) {
      const { passed, total } = await share(needs);
      expect(passed.every((each) => each)).toBe(true);
      expect(total).toBeLessThanOrEqual(12 * EVALUATION);
    }
  });

  test('are never fewer than a usual filter needs', async () => {
    const { passed } = await share(Array.from({ length: 3_000 }, (_, index) => (index % 2 === 0 ? 4_000 : 1_000_000)));
    expect(passed.every((each, index) => each === (index % 2 === 0))).toBe(true);
  });

  test('of waits belong to their automation, and each wait gets a minimum', () => {
    expect(waitShare(1, 1)).toBe(8 * EVALUATION);
    expect(waitShare(100, 1)).toBe((12 * EVALUATION) / 100);
    const own = stepsOf(6_000);
    expect(stepsFor(own)).toBe(own);
    own.values.left = -3;
    expect(stepsFor(own).values.left).toBe(5_000);
  });
});
