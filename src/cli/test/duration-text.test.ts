import { durationText, msOfDuration } from './duration-text';

it('reads times since the start', () => {
  expect(['0', '90s', '5m', '1h30m', '2d', '1.5h', '250ms', '00:05:00'].map(msOfDuration)).toEqual([
    0, 90_000, 300_000, 5_400_000, 172_800_000, 5_400_000, 250, 300_000,
  ]);
  expect(['', '5', 'm', '-5m', '5 minutes', '5mm'].map(msOfDuration)).toEqual(Array(6).fill(undefined));
});

it('writes times since the start in the largest units', () => {
  expect([0, 90_000, 5_400_000, 172_800_000, 1_001].map(durationText)).toEqual(['0s', '1m30s', '1h30m', '2d', '1s1ms']);
});
