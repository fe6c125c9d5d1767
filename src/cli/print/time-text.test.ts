import { durationText, elapsedMs, instantText, offsetText } from './time-text';

describe('durationText', () => {
  it.each([
    [35, '35 ms'],
    [1_240, '1.2 s'],
    [59_960, '1 min'],
    [200_000, '3 min 20 s'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
    [273_600_000, '3 d 4 h'],
  ])('writes %d ms as %s', (ms, text) => expect(durationText(ms)).toBe(text));
});

describe('offsetText', () => {
  it('shows milliseconds only for short offsets', () => {
    expect(offsetText(42)).toBe('+0.042 s');
    expect(offsetText(12_340)).toBe('+12.3 s');
    expect(offsetText(-5)).toBe('-0.005 s');
  });
});

it('shows a missing instant as a dash and a missing duration as an empty text', () => {
  expect(instantText(null)).toBe('-');
  expect(instantText('2026-11-20T09:15:33.417Z')).toBe('2026-11-20 09:15:33');
  expect(elapsedMs('2026-11-20T09:15:33.417Z', null)).toBeUndefined();
  expect(elapsedMs('2026-11-20T09:15:33.417Z', '2026-11-20T09:15:34.417Z')).toBe(1_000);
});
