import { stepDeadlineMs } from './step-deadline';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const retry = { maxAttempts: 3, initialSeconds: 1, factor: 2, maxSeconds: 60 };

describe('the deadline of a step', () => {
  it('is the sum of its timeouts, of pauses of one hour each, and of 10 minutes for infrastructure', () => {
    expect(stepDeadlineMs(30_000, retry)).toBe(3 * 30_000 + 2 * HOUR + 10 * MINUTE);
  });

  it('of a single attempt includes no pause', () => {
    expect(stepDeadlineMs(5_000, { ...retry, maxAttempts: 1 })).toBe(5_000 + 10 * MINUTE);
  });

  it('includes pauses longer than one hour at their full length', () => {
    expect(stepDeadlineMs(1_000, { ...retry, maxAttempts: 2, maxSeconds: 7_200 })).toBe(2_000 + 2 * HOUR + 10 * MINUTE);
  });
});
