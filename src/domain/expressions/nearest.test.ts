import { nearest } from './nearest';

it.each([
  ['uper', 'upper'],
  ['trigers', 'triggers'],
  ['conditoins', 'conditions'],
  ['Max-Runs', 'max_runs'],
  ['zzz', undefined],
  ['', undefined],
])('the name nearest to %j is %j', (word, expected) => {
  expect(nearest(word, ['upper', 'triggers', 'conditions', 'max_runs', 'mode'])).toBe(expected);
});
