import { inSiblingBranches, parsePath, prefixesOf } from './path';

it('splits the path of a step into keys and numbers, and refuses an invalid path', () => {
  expect(parsePath('actions[0].else[2].repeat[3].sequence')).toEqual([
    { key: 'actions', index: 0 },
    { key: 'else', index: 2 },
    { key: 'repeat', index: 3 },
    { key: 'sequence', index: null },
  ]);
  expect(['', 'actions[x]', 'a..b', 'a[1]]'].map(parsePath)).toEqual([null, null, null, null]);
  expect(prefixesOf('a[0].b')).toEqual(['a[0]', 'a[0].b']);
});

it('recognises steps in different branches of one parallel, at any depth', () => {
  expect(inSiblingBranches('actions[0].parallel[0].sequence[1]', 'actions[0].parallel[1]')).toBe(true);
  expect(inSiblingBranches('actions[0].parallel[0].sequence[0]', 'actions[0].parallel[0].sequence[1]')).toBe(false);
  expect(inSiblingBranches('actions[0]', 'actions[1].parallel[0]')).toBe(false);
});
