import type { Span } from './spans';
import { compileMatcher, type FindAll } from './text-matcher';

/** Minimum length, in characters, of the lines of wrapped base64 except the first and the last line. */
const MIN_RUN = 8;
/** Maximum number of characters between two lines: the line break, indentation, quotes, `> `. */
const MAX_GAP = 16;

const BACKSLASH = 92;
const LETTERS_OF_BREAKS = 'nrt';

const tableOf = (chars: string): Uint8Array => {
  const table = new Uint8Array(65_536);
  for (const char of chars) table[char.charCodeAt(0)] = 1;
  return table;
};
const DIGITS = '0123456789';
/**
 * Characters of a hexadecimal dump: the digits, and the separators between bytes, including `0x` and `\x` before bytes.
 */
const HEX_TEXT = tableOf(`${DIGITS}abcdefABCDEFxX\\ \t\r\n:,;-_`);
const BASE64 = tableOf(`${DIGITS}abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/=_-`);

/**
 * Compiles a search for base64 that is broken into lines of 8 or more characters (including breaks that are written as
 * `\\n`, and indented or quoted lines), and for hexadecimal with separators between bytes. The time is linear in the
 * length of the input; text without such parts costs almost nothing.
 */
export function compileWrappedMatcher(forms: { base64: readonly string[]; hex: readonly string[] }): FindAll {
  const [base64, hex] = [compileMatcher(forms.base64), compileMatcher(forms.hex)];
  // The densest dump that is not plain hexadecimal has a separator after every four digits.
  const shortestHex = Math.floor((forms.hex.reduce((least, { length }) => Math.min(least, length), Infinity) * 5) / 4);
  const shortestBase64 = forms.base64.reduce((least, { length }) => Math.min(least, length), Infinity);
  return (input) => [
    ...[...wrappedParts(input, shortestBase64)].flatMap((runs) => spansInRuns(input, runs, base64)),
    ...[...hexParts(input, shortestHex)].flatMap((part) => spansInDigits(input, part, hex)),
  ];
}

function spansInRuns(input: string, runs: readonly Span[], find: FindAll): Span[] {
  const found = find(runs.map(([start, end]) => input.slice(start, end)).join(''));
  if (found.length === 0) return [];
  return toPlaces(
    found,
    runs.flatMap(([start, end]) => Array.from({ length: end - start }, (_, index) => start + index)),
  );
}

/** Matches everything that is not a digit of a byte, including `0x` and `\\x` before bytes. */
const NO_DIGITS = /0[xX]|[^0-9a-fA-F]+/g;

function spansInDigits(input: string, [start, end]: Span, find: FindAll): Span[] {
  const part = input.slice(start, end);
  const found = find(part.replace(NO_DIGITS, '').toLowerCase());
  if (found.length === 0) return [];
  const places: number[] = [];
  let from = 0;
  for (const { 0: gap, index } of [...part.matchAll(NO_DIGITS), { 0: '', index: part.length }]) {
    for (; from < index; from += 1) places.push(start + from);
    from = index + gap.length;
  }
  return toPlaces(found, places);
}

function toPlaces(spans: readonly Span[], places: readonly number[]): Span[] {
  return spans.map(([start, end]): Span => [places[start] ?? 0, (places[end - 1] ?? 0) + 1]);
}

/**
 * Yields groups of consecutive lines of base64 with at least `shortest` characters in total. In a group, all lines
 * except the first and the last have 8 or more characters. A short line ends one group and begins the next group, so
 * the groups have in total at most twice as many characters as the input.
 */
export function* wrappedParts(input: string, shortest: number): Generator<Span[]> {
  let runs: Span[] = [];
  let size = 0;
  const isPart = () => size >= shortest && runs.length > 1 && runs.some(([from, to]) => to - from >= MIN_RUN);
  for (let at = 0; at < input.length;) {
    const start = endOfGap(input, at);
    let end = start;
    while (BASE64[input.charCodeAt(end)] === 1) end += 1;
    const before = runs.at(-1);
    const isFar = before !== undefined && start - before[1] > MAX_GAP;
    if (isFar || (before !== undefined && runs.length > 1 && before[1] - before[0] < MIN_RUN)) {
      if (isPart()) yield runs;
      runs = isFar ? [] : [before];
      size = isFar ? 0 : before[1] - before[0];
    }
    if (end > start) runs.push([start, end]);
    size += end - start;
    at = end;
  }
  if (isPart()) yield runs;
}

/**
 * Returns the end of the gap between two lines, which consists of white space, quotes and similar characters, and of
 * `\n` and `\r` written as two characters.
 */
function endOfGap(input: string, from: number): number {
  let at = from;
  while (at < input.length && BASE64[input.charCodeAt(at)] !== 1) {
    const isWritten = input.charCodeAt(at) === BACKSLASH && LETTERS_OF_BREAKS.includes(input.charAt(at + 1));
    at += isWritten ? 2 : 1;
  }
  return Math.min(at, input.length);
}

/** Yields parts of at least `shortest` characters that may be hexadecimal dumps. */
function* hexParts(input: string, shortest: number): Generator<Span> {
  const isIn = (at: number) => at < input.length && HEX_TEXT[input.charCodeAt(at)] === 1;
  let floor = 0;
  // Such a part covers a position that is a multiple of `shortest`.
  for (let at = 0; at < input.length; at += shortest) {
    if (at < floor || !isIn(at)) continue;
    let [start, end] = [at, at];
    while (start > floor && isIn(start - 1)) start -= 1;
    while (isIn(end)) end += 1;
    floor = end;
    if (end - start >= shortest) yield [start, end];
  }
}
