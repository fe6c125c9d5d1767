import { retryAfterMs } from './retry-after';

const now = new Date('2026-03-01T12:00:00Z');

it.each([
  ['0', 0],
  ['120', 120_000],
  [' 5 ', 5_000],
  ['86400', 3_600_000],
  ['99999999999999999999', 3_600_000],
  ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
  ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
  ['Mon, 02 Mar 2026 12:00:00 GMT', 3_600_000],
  ['-5', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['', undefined],
  [undefined, undefined],
])('reads %j as %j ms', (value, expected) => {
  expect(retryAfterMs(value, now)).toBe(expected);
});
