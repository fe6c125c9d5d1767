import { concurrencyRefusal } from './concurrency';

test.each([
  ['single', 0, null],
  ['single', 1, 'already_running'],
  ['restart', 5, null],
  ['queued', 1, null],
  ['queued', 2, 'max_runs'],
  ['parallel', 1, null],
  ['parallel', 2, 'max_runs'],
] as const)('mode %s with %i of at most 2 runs active: %s', (mode, active, refusal) => {
  expect(concurrencyRefusal(mode, { active, maxRuns: 2 })).toBe(refusal);
});
