import { onOneLine, showControls } from './control-text';

it.each([
  ['\x1b]52;c;eA==\x07', '\\u001b]52;c;eA==\\u0007'],
  ['\x9b2J', '\\u009b2J'],
  ['a\u202eb\u2066c\u2028d', 'a\\u202eb\\u2066c\\u2028d'],
  ['a\r\nb', 'a\\u000d\nb'],
  ['Grüße 🚀 שלום', 'Grüße 🚀 שלום'],
])('escapes characters that control a terminal: %j', (text, shown) => {
  expect(showControls(text)).toBe(shown);
});

it('escapes line breaks if one line is required', () => {
  expect(onOneLine('a\nb\tc\x1b[2J')).toBe('a\\nb\\tc\\u001b[2J');
});
