import { mergeBranches, setSince } from './branch-variables';

const before = { a: 1, list: [1], kept: 'x' };

it('returns variables set since then: new names and different values, but not equal copies', () => {
  expect(setSince(before, { a: 1, list: [1], kept: 'y', b: null })).toEqual({ kept: 'y', b: null });
});

it("merges branches in their order; a branch that did not change a value does not undo another branch's change", () => {
  const first = { ...before, a: 2, list: [2] };
  const second = { ...before, a: 1, list: [1], b: 3 };
  expect(mergeBranches(before, [first, second])).toEqual({ a: 2, list: [2], kept: 'x', b: 3 });
  expect(mergeBranches(before, [second, { ...before, b: 4 }])['b']).toBe(4);
});
