import { differences } from './compare';

const paths = (expected: unknown, found: unknown) => differences(expected, found, '').map(({ path }) => path);

it('compares only the expected keys of a map, but all items of a list', () => {
  expect(paths({ a: { b: 1 } }, { a: { b: 1, c: 2 }, d: 3 })).toEqual([]);
  expect(paths({ a: { b: 1, x: null } }, { a: { b: 2 } })).toEqual(['a.b']);
  expect(paths({ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] })).toEqual(['a[1].b']);
  expect(paths([1], [1, 2])).toEqual(['']);
  expect(paths({ constructor: {} }, {})).toEqual(['constructor']);
});

it('lets an asterisk match any characters', () => {
  expect(paths('Incident * of *', 'Incident 7 of web')).toEqual([]);
  expect(paths('*', '')).toEqual([]);
  expect(paths('a*a', 'a')).toEqual(['']);
  expect(paths('a*b', 'abc')).toEqual(['']);
  expect(paths('*', 7)).toEqual(['']);
});
