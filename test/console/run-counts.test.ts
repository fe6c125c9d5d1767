import { countText } from '../../console/src/lib/run-counts';

const counts = { pending: 0, running: 2, success: 10_000, failed: 1_234 };

it('adds up the runs with the given statuses, and marks the sum with + if the service stopped counting', () => {
  expect(countText({ counts, countsAtLeast: ['success'] }, ['success'])).toBe('10,000+');
  expect(countText({ counts, countsAtLeast: ['success'] }, ['failed', 'pending'])).toBe('1,234');
  expect(countText({ counts, countsAtLeast: ['success'] }, ['running', 'success'])).toBe('10,002+');
  expect(countText({ counts }, ['waiting'])).toBe('0');
  expect(countText(undefined, ['waiting'])).toBeUndefined();
});
