import fc from 'fast-check';
import { locateJsonError, nestsTooDeep } from './json-text';
import { fixSeed } from '../../../test/support/property-seed';

fixSeed();

it('finds the position of the error in every text that JSON.parse refuses, inside the text or right after it', () => {
  const broken = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom('}', ']', ',', '"', ':', 'x', '\n', '{'))
    .map(([text, at, char]) => text.slice(0, at % (text.length + 1)) + char + text.slice(at % (text.length + 1)));
  fc.assert(
    fc.property(broken, (text) => {
      try {
        JSON.parse(text);
        return;
      } catch {
        const { line, column } = locateJsonError(text);
        const lines = text.split('\n');
        expect(line).toBeLessThanOrEqual(lines.length);
        expect(column).toBeGreaterThanOrEqual(1);
        expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
      }
    }),
  );
});

it('reads a valid text to its end', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const { line, column } = locateJsonError(text);
      const lines = text.split('\n');
      expect([line, column]).toEqual([lines.length, (lines.at(-1)?.length ?? 0) + 1]);
    }),
  );
});

it('counts brackets, except in strings', () => {
  expect(nestsTooDeep('['.repeat(128))).toBe(false);
  expect(nestsTooDeep('['.repeat(129))).toBe(true);
  expect(nestsTooDeep(`"${'['.repeat(1000)}\\"${'{'.repeat(1000)}"`)).toBe(false);
  expect(nestsTooDeep('[{}]'.repeat(1000))).toBe(false);
});
