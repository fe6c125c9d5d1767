import { createRefusalSampler } from './refusal-sampler';

it('records the first refusals of each minute, address and action, and counts the others', () => {
  let now = 0;
  const sampler = createRefusalSampler({ now: () => new Date(now) });
  expect(sampler.take('a', 'x', 1)).toEqual({});
  for (let i = 0; i < 6_000; i += 1) expect(sampler.take('a', 'x', 1)).toBeUndefined();
  expect(sampler.take('b', 'x', 1)).toEqual({});
  expect(sampler.take('a', 'y', 2)).toEqual({});
  expect(sampler.take('a', 'y', 2)).toEqual({});
  expect(sampler.take('a', 'y', 2)).toBeUndefined();
  now = 60_000;
  expect(sampler.take('a', 'x', 1)).toEqual({ notRecorded: 6_000 });
  expect(sampler.take('a', 'x', 1)).toBeUndefined();
  expect(sampler.take('b', 'x', 1)).toEqual({});
});

it('keeps the counts of the newest 10,000 addresses', () => {
  const sampler = createRefusalSampler({ now: () => new Date(0) });
  for (let i = 0; i <= 10_000; i += 1) sampler.take(`address ${i}`, 'x', 1);
  expect(sampler.take('address 0', 'x', 1)).toEqual({});
  expect(sampler.take('address 9999', 'x', 1)).toBeUndefined();
});
