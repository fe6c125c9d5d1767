import { textWidth } from './text-width';

describe('the width of a text', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['größe', 5],
    ['e\u0301', 1],
    ['系统', 4],
    ['한국', 4],
    ['🔥 down', 7],
    ['👍\u200d', 2],
    ['ｆｕｌｌ', 8],
    ['✓', 1],
  ])('of %j is %d columns', (text, width) => expect(textWidth(text)).toBe(width));
});
