import { leftText, relativeText } from '../../console/src/lib/time';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe('the text of a relative time', () => {
  it.each([
    [SECOND, 'just now'],
    [12 * SECOND, '12 s ago'],
    [HOUR + 58 * MINUTE, '1 h ago'],
    [47 * HOUR, '1 d ago'],
    [-8 * SECOND, 'in 8 s'],
    [-(HOUR + 58 * MINUTE), 'in 1 h 58 min'],
    [-(47 * HOUR + 58 * MINUTE), 'in 1 d 23 h'],
    [-48 * HOUR, 'in 2 d'],
  ])('of an instant %i ms ago is %s', (ago, text) => {
    expect(relativeText(0, ago)).toBe(text);
  });

  it('of a time that is left never names less than a whole second', () => {
    expect(leftText(1)).toBe('in 1 s');
    expect(leftText(59_001)).toBe('in 1 min');
  });
});
