import { shortText } from './short-text';

describe('the text of an error or a reason', () => {
  it('is kept up to 2,000 characters, and cut to that length if it is longer', () => {
    expect(shortText('a'.repeat(2_000))).toHaveLength(2_000);
    const cut = shortText('a'.repeat(3_000_000));
    expect([cut.length, cut.endsWith('a…')]).toEqual([2_000, true]);
  });

  it('is not cut within a character', () => {
    expect(shortText(`ab${'😀'.repeat(3)}`, 4)).toBe('ab\ufffd…');
  });
});
