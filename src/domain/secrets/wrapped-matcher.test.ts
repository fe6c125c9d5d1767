import { wrappedParts } from './wrapped-matcher';

const partsOf = (input: string, shortest = 8): string[][] =>
  [...wrappedParts(input, shortest)].map((runs) => runs.map(([start, end]) => input.slice(start, end)));

it('joins lines of eight or more characters with any first and last line', () => {
  expect(partsOf('a: YWJj\nZGVmZ2hp\n> amtsbW5v\r\ncA== x')).toEqual([['YWJj', 'ZGVmZ2hp', 'amtsbW5v', 'cA==']]);
  expect(partsOf('"ZGVmZ2hp\\namtsbW5v"')).toEqual([['ZGVmZ2hp', 'amtsbW5v']]);
  expect(partsOf('just a few short words')).toEqual([]);
  expect(partsOf(`ZGVmZ2hp${'.'.repeat(17)}amtsbW5v`)).toEqual([]);
});

it('returns each character of any input at most twice', () => {
  const inputs = ['abc '.repeat(20_000), 'abcdefgh '.repeat(10_000), 'abcdefgh a '.repeat(9_000), '\\n'.repeat(40_000)];
  for (const input of inputs) {
    let size = 0;
    for (const runs of wrappedParts(input, 4)) for (const [start, end] of runs) size += end - start;
    expect(size).toBeLessThanOrEqual(2 * input.length);
  }
});
