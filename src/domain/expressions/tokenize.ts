import { ExpressionError } from './error';

export type Token =
  | { readonly type: 'number'; readonly value: number; readonly at: number; readonly end: number }
  | { readonly type: 'text'; readonly value: string; readonly at: number; readonly end: number }
  | { readonly type: 'name'; readonly value: string; readonly at: number; readonly end: number }
  | { readonly type: 'symbol'; readonly value: string; readonly at: number; readonly end: number }
  | { readonly type: 'end'; readonly value: ''; readonly at: number; readonly end: number };

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', "'": "'", '"': '"' };
const TWO = new Set(['==', '!=', '<=', '>=', '&&', '||']);
const ONE = new Set([...'?:|<>+-*/%!.[](),']);
/** Syntax of other languages, with what authors must write instead. */
const HINTS: Readonly<Record<string, string>> = {
  '=': 'Write == to compare',
  '===': 'Write == to compare',
  '!==': 'Write != to compare',
  '&': 'Write && for "and"',
  '??': 'Write | default(…) for a fallback',
  '?.': 'Write . here: a missing path is not an error',
  '`': 'Put strings in single or double quotes',
  '{': 'Braces do not belong inside an expression',
  '}': 'Braces do not belong inside an expression',
};
const WIDE_START = /\p{ID_Start}/u;
const WIDE_PART = /\p{ID_Continue}/u;
const NUMBER = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isNameStart(source: string, at: number): boolean {
  const code = source.charCodeAt(at);
  if (code < 128) return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code === 36;
  return WIDE_START.test(source.charAt(at));
}

function isNamePart(source: string, at: number): boolean {
  const code = source.charCodeAt(at);
  return code < 128 ? isNameStart(source, at) || isDigit(code) : WIDE_PART.test(source.charAt(at));
}

function nameEnd(source: string, start: number, end: number): number {
  let at = start;
  while (at < end && isNamePart(source, at)) at += 1;
  return at;
}

function readNumber(source: string, start: number, end: number): Token {
  NUMBER.lastIndex = start;
  const written = (NUMBER.exec(source)?.[0] ?? '').slice(0, end - start);
  const value = Number(written);
  const stop = start + written.length;
  if (!Number.isFinite(value)) throw new ExpressionError('This number is too large', source, start);
  if (/^\d+$/.test(written) && !Number.isSafeInteger(value)) {
    throw new ExpressionError(
      'This number cannot be represented exactly: write it as a string, in quotes',
      source,
      start,
    );
  }
  if (stop < end && isNameStart(source, stop))
    throw new ExpressionError('A name cannot start with a digit', source, start);
  return { type: 'number', value, at: start, end: stop };
}

function readText(source: string, start: number, end: number): Token {
  const quote = source.charAt(start);
  let value = '';
  let from = start + 1;
  for (let at = from; at < end; at += 1) {
    const char = source.charAt(at);
    if (char === quote) return { type: 'text', value: value + source.slice(from, at), at: start, end: at + 1 };
    if (char !== '\\') continue;
    const next = at + 1 < end ? source.charAt(at + 1) : '';
    const meaning = Object.hasOwn(ESCAPES, next) ? ESCAPES[next] : undefined;
    if (meaning === undefined && next !== '') {
      throw new ExpressionError(`Unknown escape \\${next}. Known escapes: \\n \\t \\r \\\\ \\' \\"`, source, at);
    }
    value += source.slice(from, at) + (meaning ?? '');
    at += 1;
    from = at + 1;
  }
  throw new ExpressionError(`The string that starts here is not closed: ${quote} is missing`, source, start);
}

function readSymbol(source: string, start: number, end: number): Token {
  const two = source.slice(start, Math.min(start + 2, end));
  const three = source.slice(start, Math.min(start + 3, end));
  const foreign = [three, two].find((text) => text.length > 1 && Object.hasOwn(HINTS, text));
  if (foreign !== undefined && !(foreign === '?.' && isDigit(source.charCodeAt(start + 2)))) {
    throw new ExpressionError(`Unexpected "${foreign}". ${HINTS[foreign] ?? ''}`, source, start);
  }
  if (TWO.has(two)) return { type: 'symbol', value: two, at: start, end: start + 2 };
  const one = source.charAt(start);
  if (ONE.has(one)) return { type: 'symbol', value: one, at: start, end: start + 1 };
  const shown = String.fromCodePoint(source.codePointAt(start) ?? 0);
  const hint = Object.hasOwn(HINTS, one) ? `. ${HINTS[one] ?? ''}` : '';
  throw new ExpressionError(`Unexpected "${shown}"${hint}`, source, start);
}

/**
 * Splits `source` from `start` to `end` into tokens. The last token is `end`.
 * @throws ExpressionError for an unknown character, number or escape, and for an unterminated string literal
 */
export function tokenize(source: string, start: number, end: number): Token[] {
  const tokens: Token[] = [];
  let at = start;
  while (at < end) {
    const code = source.charCodeAt(at);
    if (code === 32 || (code >= 9 && code <= 13) || code === 0xa0) {
      at += 1;
      continue;
    }
    let token: Token;
    if (isNameStart(source, at)) {
      const stop = nameEnd(source, at, end);
      token = { type: 'name', value: source.slice(at, stop), at, end: stop };
    } else if (isDigit(code)) token = readNumber(source, at, end);
    else if (code === 34 || code === 39) token = readText(source, at, end);
    else token = readSymbol(source, at, end);
    tokens.push(token);
    at = token.end;
  }
  tokens.push({ type: 'end', value: '', at: end, end });
  return tokens;
}
