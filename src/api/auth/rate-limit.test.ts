import { FermataError } from '../../domain/errors';
import { createRateLimiter } from './rate-limit';

function limiterAt(perSecond: number) {
  let now = 0;
  const limiter = createRateLimiter(perSecond, { now: () => new Date(now) });
  const admitted = (caller: string, count: number) => {
    let taken = 0;
    for (let i = 0; i < count; i += 1) {
      try {
        limiter.take(caller);
        taken += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(FermataError);
      }
    }
    return taken;
  };
  return { admitted, wait: (ms: number) => (now += ms) };
}

it('admits the requests of one second at once, and then as many as the rate allows', () => {
  const { admitted, wait } = limiterAt(100);
  expect(admitted('a', 150)).toBe(100);
  wait(50);
  expect(admitted('a', 50)).toBe(5);
  wait(60_000);
  expect(admitted('a', 150)).toBe(100);
});

it('counts callers separately, and removes the oldest callers if there are too many', () => {
  const { admitted } = limiterAt(2);
  expect(admitted('a', 3)).toBe(2);
  expect(admitted('b', 3)).toBe(2);
  for (let i = 0; i < 10_000; i += 1) admitted(`caller-${i}`, 1);
  expect(admitted('a', 3)).toBe(2);
});

it('tolerates a clock that is set back', () => {
  const { admitted, wait } = limiterAt(10);
  admitted('a', 10);
  wait(-5_000);
  expect(admitted('a', 1)).toBe(0);
  wait(1_000);
  expect(admitted('a', 20)).toBe(10);
});
