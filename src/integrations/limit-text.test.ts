import fc from 'fast-check';
import { createTextLimits, limitText } from './limit-text';

it.each([
  ['short', { characters: 5 }, 'short'],
  ['longer', { characters: 5 }, 'long…'],
  ['üüüü', { bytes: 8 }, 'üüüü'],
  ['üüüüü', { bytes: 8 }, 'üü…'],
  ['ab😀cd', { characters: 4 }, 'ab…'],
  ['a👨‍👩‍👧b', { characters: 7 }, 'a…'],
  ['one two', { characters: 5 }, 'one…'],
  ['ab', { bytes: 2 }, 'ab'],
  ['abc', { bytes: 2 }, ''],
] as const)('cuts %j to %j', (text, limit, expected) => {
  expect(limitText(text, limit)).toBe(expected);
});

it('keeps every text within the limit, well-formed and as a prefix of the original', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.integer({ min: 3, max: 100 }), (text, most) => {
      for (const limit of [{ bytes: most }, { characters: most }]) {
        const cut = limitText(text, limit);
        expect('bytes' in limit ? Buffer.byteLength(cut) : cut.length).toBeLessThanOrEqual(most);
        expect(cut).toBe(Buffer.from(cut).toString());
        if (cut !== text) expect(text.startsWith(cut.slice(0, -1))).toBe(true);
      }
    }),
  );
});

it('reports what was cut, and by how much', () => {
  const notes: string[] = [];
  const limit = createTextLimits('Webex', (note) => notes.push(note));
  expect(limit('markdown', 'x'.repeat(11), { bytes: 10 })).toBe('xxxxxxx…');
  expect(limit('markdown', 'x', { bytes: 10 })).toBe('x');
  expect(notes).toEqual(['markdown was cut: it has 11 bytes, and Webex accepts at most 10.']);
});
