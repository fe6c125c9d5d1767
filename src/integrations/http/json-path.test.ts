import { readJsonPath } from './json-path';

const value = { items: [{ id: 1, 'a b': 'x' }, { id: 2 }], total: 0, 'x-y': { z: null } };

it.each<[string, unknown]>([
  ['$', value],
  ['$.total', 0],
  ['total', 0],
  ['$.items[0].id', 1],
  ['$.items[-1].id', 2],
  ['$.items[0]["a b"]', 'x'],
  ["$['x-y'].z", null],
  ['$.items[*].id', [1, 2]],
  ['$.items[5].id', null],
  ['$.constructor', null],
])('reads %s', (path, expected) => {
  expect(readJsonPath(value, path)).toEqual(expected);
});

it.each(['$.items[', '$..id', '$.a b'])('refuses %s', (path) => {
  expect(() => readJsonPath(value, path)).toThrow('is not a valid JSON path');
});
