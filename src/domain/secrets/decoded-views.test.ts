import { decodedViews, originalSpans } from './decoded-views';

const textsOf = (input: string): string[] => [...decodedViews(input)].map(({ text }) => text);

it.each([
  ['100% & C:\\Temp, a & b', []],
  ['%41%c3%a4%E4', ['Aää']],
  ['%252541', ['%2541', '%41', 'A']],
  ['\\u0041\\u{1f511}\\x41\\xc3\\xa4\\101\\303\\244', ['A🔑AäAä']],
  ['\\\\u0041', ['\\u0041', 'A']],
  ['&#65;&#x41;&#X041&amp;&lpar;&#129;&unknown;&#x110000;', ['AAA&(\u0081&unknown;&#x110000;']],
  ['&amp;#65;', ['&#65;', 'A']],
  ['\\"a\\/b\\n', ['"a/b\n']],
  ['%u0041', ['A']],
])('reads %j as %j', (input, views) => expect(textsOf(input)).toEqual(views));

it('reports the original position of each character', () => {
  const input = 'x %25C3%25A4&amp;\\u0041 y';
  const views = [...decodedViews(input)];
  const last = views.at(-1);
  if (last === undefined) throw new Error('No view.');
  expect(last.text).toBe('x ä&A y');
  const place = (part: string): string => {
    const start = last.text.indexOf(part);
    return originalSpans(last, [[start, start + part.length]])
      .map(([from, to]) => input.slice(from, to))
      .join();
  };
  expect(['ä', '&', 'A', 'ä&', ' y'].map(place)).toEqual(['%25C3%25A4', '&amp;', '\\u0041', '%25C3%25A4&amp;', ' y']);
});

it('returns at most four views of any input, none of them longer than the input', () => {
  const inputs = [
    '%25'.repeat(20_000),
    `%${'25'.repeat(30_000)}41`,
    '\\'.repeat(60_000),
    '&amp;'.repeat(12_000),
    '&#x26;#x26;'.repeat(5_000),
    '%f0%9f'.repeat(10_000),
    '&'.repeat(60_000),
  ];
  for (const input of inputs) {
    const views = [...decodedViews(input)];
    expect(views.length).toBeLessThanOrEqual(4);
    for (const { text, starts } of views) {
      expect(text.length).toBeLessThanOrEqual(input.length);
      expect(starts).toHaveLength(text.length + 1);
    }
  }
});
