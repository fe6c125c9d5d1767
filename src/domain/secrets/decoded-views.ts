import type { Span } from './spans';

/** Text with its escapes resolved, and the position in the original text at which each of its characters begins. */
export interface DecodedView {
  text: string;
  /** One entry for each character and one for the end: `starts[text.length]` is the length of the original text. */
  starts: Int32Array;
}

/** Maximum number of times that nested escapes are resolved. For example, `%252541` becomes `A` after three rounds. */
const MAX_ROUNDS = 4;
const HINT = /[%&\\]/;
/**
 * Matches percent escapes (`%41`, `%u0041`), backslash escapes (`\x41`, `\101`, `\u0041`, `\n`), and HTML entities
 * (`&#65;`, `&#x41;`, `&amp;`).
 */
const ESCAPE = new RegExp(
  [
    /(?:%[0-9A-Fa-f]{2})+/,
    /%u[0-9A-Fa-f]{4}/,
    /(?:\\x[0-9A-Fa-f]{2})+/,
    /(?:\\[0-3][0-7]{2})+/,
    /\\u[0-9A-Fa-f]{4}/,
    /\\u\{[0-9A-Fa-f]{1,6}\}/,
    /\\[^A-Za-z0-9]/,
    /\\[bfnrtv]/,
    /&#[0-9]{1,8};?/,
    /&#[xX][0-9A-Fa-f]{1,8};?/,
    /&[A-Za-z]{2,8};/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

/** Named entities of ASCII characters and of the non-breaking space (HTML 5, section 13.5). */
const ENTITIES: Readonly<Record<string, string>> = {
  ...{ amp: '&', AMP: '&', lt: '<', LT: '<', gt: '>', GT: '>', quot: '"', QUOT: '"', apos: "'" },
  ...{ Tab: '\t', NewLine: '\n', nbsp: '\u00a0', excl: '!', num: '#', dollar: '$', percnt: '%', lpar: '(', rpar: ')' },
  ...{ ast: '*', midast: '*', plus: '+', comma: ',', period: '.', sol: '/', colon: ':', semi: ';', equals: '=' },
  ...{ quest: '?', commat: '@', lsqb: '[', lbrack: '[', bsol: '\\', rsqb: ']', rbrack: ']', Hat: '^', lowbar: '_' },
  ...{ UnderBar: '_', grave: '`', lcub: '{', lbrace: '{', verbar: '|', vert: '|', rcub: '}', rbrace: '}' },
};
const CONTROLS: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/**
 * Yields the text with the escapes of URLs, HTML, JSON and programming languages resolved once, twice, and up to four
 * times, until nothing changes. No view is longer than the previous view, so at most four times the length of the input
 * is read.
 */
export function* decodedViews(input: string): Generator<DecodedView> {
  let view: DecodedView | undefined;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const next = decodeOnce(view?.text ?? input);
    if (next === undefined) return;
    if (view !== undefined) {
      const before = view.starts;
      next.starts.forEach((start, index) => (next.starts[index] = before[start] ?? 0));
    }
    view = next;
    yield view;
  }
}

/** Converts spans of a view to spans of the original text. */
export function originalSpans({ starts }: DecodedView, spans: readonly Span[]): Span[] {
  return spans.map(([start, end]): Span => [starts[start] ?? 0, starts[end] ?? 0]);
}

/** Resolves the escapes of `text` once. Returns undefined when it has none. */
function decodeOnce(text: string): DecodedView | undefined {
  if (!HINT.test(text)) return undefined;
  const starts = new Int32Array(text.length + 1);
  let output = '';
  const append = (decoded: string, start: number, stride: number): void => {
    for (let at = 0; at < decoded.length; at += 1) starts[output.length + at] = start + at * stride;
    output += decoded;
  };
  let from = 0;
  for (const { 0: escape, index } of text.matchAll(ESCAPE)) {
    const decoded = charactersOf(escape);
    if (decoded === undefined) continue;
    append(text.slice(from, index), from, 1);
    for (const { char, at } of decoded) append(char, index + at, 0);
    from = index + escape.length;
  }
  if (from === 0) return undefined;
  append(text.slice(from), from, 1);
  starts[output.length] = text.length;
  return { text: output, starts: starts.subarray(0, output.length + 1) };
}

interface Decoded {
  char: string;
  /** Offset of the character's escape within the group of escapes. */
  at: number;
}

function charactersOf(escape: string): readonly Decoded[] | undefined {
  if (/^%[^u]/.test(escape)) return fromBytes(escape, 3, (digits) => parseInt(digits.slice(1), 16));
  if (escape.startsWith('\\x')) return fromBytes(escape, 4, (digits) => parseInt(digits.slice(2), 16));
  if (/^\\[0-3]/.test(escape)) return fromBytes(escape, 4, (digits) => parseInt(digits.slice(1), 8));
  const char = characterOf(escape);
  return char === undefined ? undefined : [{ char, at: 0 }];
}

function characterOf(escape: string): string | undefined {
  const code = /^(?:%u|\\u\{?|&#[xX]?)([0-9A-Fa-f]+)/.exec(escape)?.[1];
  if (code === undefined) return escape.startsWith('&') ? ENTITIES[escape.slice(1, -1)] : controlOf(escape.slice(1));
  const point = parseInt(code, /^&#[0-9]/.test(escape) ? 10 : 16);
  return point <= 0x10ffff ? String.fromCodePoint(point) : undefined;
}

const controlOf = (char: string): string => CONTROLS[char] ?? char;

/** Decodes escaped bytes as UTF-8, or as Latin-1 when they are not valid UTF-8. */
function fromBytes(escapes: string, width: number, byteOf: (escape: string) => number): Decoded[] {
  const bytes = Array.from({ length: escapes.length / width }, (_, n) =>
    byteOf(escapes.slice(n * width, (n + 1) * width)),
  );
  const decoded: Decoded[] = [];
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at] ?? 0;
    const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;
    const rest = bytes.slice(at + 1, at + length);
    const isWhole = length > 1 && rest.length === length - 1 && rest.every((byte) => byte >> 6 === 0b10);
    const point = rest.reduce((high, byte) => (high << 6) | (byte & 0x3f), lead & (0xff >> (length + 1)));
    const isCharacter = isWhole && point <= 0x10ffff;
    decoded.push({ char: isCharacter ? String.fromCodePoint(point) : String.fromCharCode(lead), at: at * width });
    at += isCharacter ? length : 1;
  }
  return decoded;
}
