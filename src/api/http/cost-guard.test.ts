import { FermataError } from '../../domain/errors';
import { createRateLimiter } from '../auth/rate-limit';
import { createCostGuard } from './cost-guard';

let now = 0;
const clock = { now: () => new Date(now) };

it('allows each token four concurrent calls', () => {
  const guard = createCostGuard(createRateLimiter(1_000, clock));
  const ends = Array.from({ length: 4 }, () => guard.enter('a', 10_000));
  expect(() => guard.enter('a', 10_000)).toThrow(FermataError);
  expect(() => guard.enter('a', 1_000)).not.toThrow();
  guard.enter('b', 10_000);
  ends[0]?.();
  expect(() => guard.enter('a', 10_000)).not.toThrow();
});

it('counts a call as one request for each 8 kB of its body, and admits a call that counts as more than the rate', () => {
  const limiter = createRateLimiter(10, clock);
  const guard = createCostGuard(limiter);
  limiter.take('a');
  guard.enter('a', 1_048_576)();
  expect(() => limiter.take('a')).toThrow(/10 requests per second/);
  // 129 requests at 10 per second, minus the 10 that were available.
  now += 11_800;
  expect(() => limiter.take('a')).toThrow(FermataError);
  now += 400;
  expect(() => limiter.take('a')).not.toThrow();
});
