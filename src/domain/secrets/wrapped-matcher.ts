import type { Span } from './spans';
import { compileMatcher, type FindAll } from './text-matcher';

/** Runs of characters that are shorter are no line of wrapped base64. */
const MIN_RUN = 16;
/** Between two lines: the break, indentation, quotes, `> `. */
const MAX_GAP = 16;

const tableOf = (chars: string): Uint8Array => {
  const table = new Uint8Array(65_536);
  for (const char of chars) table[char.charCodeAt(0)] = 1;
  return table;
};
const DIGITS = '0123456789';
/** What may stand between the bytes of a dump in hexadecimal, `0x` and `\x` before them. */
const HEX_TEXT = tableOf(`${DIGITS}abcdefABCDEFxX\\ \t\r\n:,;-_`);
const BASE64 = tableOf(`${DIGITS}abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/=_-`);

/**
 * Compiles a search for base64 that is broken into lines of 16 or more characters (also with breaks written as `\\n`, indented or quoted),
 * and for hexadecimal with separators between bytes. Linear in the input; text without such parts costs next to nothing.
 */
export function compileWrappedMatcher(forms: { base64: readonly string[]; hex: readonly string[] }): FindAll {
  const [base64, hex] = [compileMatcher(forms.base64), compileMatcher(forms.hex)];
  // Four digits and a separator: the tightest dump that is not plain hexadecimal.
  const shortestHex = Math.floor((forms.hex.reduce((least, { length }) => Math.min(least, length), Infinity) * 5) / 4);
  return (input) => [
    ...[...wrappedParts(input)].flatMap((runs) => spansInRuns(input, runs, base64)),
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

/** `0x` and `\\x` before bytes and everything else that is no digit do not count. */
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

/** Consecutive lines of base64. A run of 16 covers an offset that is a multiple of 16, so only those offsets are checked. */
function* wrappedParts(input: string): Generator<Span[]> {
  const isIn = (at: number) => at < input.length && BASE64[input.charCodeAt(at)] === 1;
  const endOfRun = (from: number) => {
    let end = from;
    while (isIn(end)) end += 1;
    return end;
  };
  let floor = 0;
  for (let at = 0; at < input.length;) {
    if (!isIn(at)) {
      at += MIN_RUN;
      continue;
    }
    let start = at;
    while (start > floor && isIn(start - 1)) start -= 1;
    const runs: Span[] = [];
    let end = endOfRun(at);
    runs.push([start, end]);
    while (end - start >= MIN_RUN) {
      start = endOfGap(input, end);
      if (start - end > MAX_GAP || !isIn(start)) break;
      end = endOfRun(start);
      runs.push([start, end]);
    }
    if (runs.length > 1) yield runs;
    floor = runs.at(-1)?.[1] ?? at;
    at = Math.max(floor, at + 1);
    at += (MIN_RUN - (at % MIN_RUN)) % MIN_RUN;
  }
}

/** Where what stands between two lines ends: white space, quotes and the like, and `\n` and `\r` written as two characters. */
function endOfGap(input: string, from: number): number {
  let at = from;
  while (at < input.length && at - from <= MAX_GAP) {
    if (input[at] === '\\' && /[nrt]/.test(input[at + 1] ?? '')) at += 2;
    else if (BASE64[input.charCodeAt(at)] === 1) break;
    else at += 1;
  }
  return at;
}

/** Parts of at least `shortest` characters that may be dumps in hexadecimal. */
function* hexParts(input: string, shortest: number): Generator<Span> {
  const isIn = (at: number) => at < input.length && HEX_TEXT[input.charCodeAt(at)] === 1;
  let floor = 0;
  // Such a part covers a place that is a multiple of its least length.
  for (let at = 0; at < input.length; at += shortest) {
    if (at < floor || !isIn(at)) continue;
    let [start, end] = [at, at];
    while (start > floor && isIn(start - 1)) start -= 1;
    while (isIn(end)) end += 1;
    floor = end;
    if (end - start >= shortest) yield [start, end];
  }
}
