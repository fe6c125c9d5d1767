import { changedPart } from '../../console/src/screens/editor/changed-part';

describe('the changed part of a text', () => {
  it.each([
    ['in a word', 'event: incident.craeted\n', 'event: incident.created\n', { from: 18, to: 20, insert: 'ea' }],
    ['an inserted line', 'a: 1\nc: 3\n', 'a: 1\nb: 2\nc: 3\n', { from: 5, to: 5, insert: 'b: 2\n' }],
    ['a character inserted after an equal one', 'aa', 'aaa', { from: 2, to: 2, insert: 'a' }],
    ['a character removed after an equal one', 'aaa', 'aa', { from: 2, to: 3, insert: '' }],
    ['the whole text', 'old', 'NEW', { from: 0, to: 3, insert: 'NEW' }],
    ['the whole new text after an empty text', '', 'a: 1\n', { from: 0, to: 0, insert: 'a: 1\n' }],
    ['empty if the texts are equal', 'same', 'same', { from: 4, to: 4, insert: '' }],
  ])('is %s', (_name, before, after, part) => {
    expect(changedPart(before, after)).toEqual(part);
    expect(before.slice(0, part.from) + part.insert + before.slice(part.to)).toBe(after);
  });
});
