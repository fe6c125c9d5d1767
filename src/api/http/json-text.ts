/** Place of the first error in a text that is not JSON. 1-based. */
export interface TextPlace {
  line: number;
  column: number;
}

/** Deepest nesting of a body; beyond it neither we nor Postgres could walk it safely. */
const MAX_DEPTH = 128;

const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL = /true|false|null/y;
const SPACE = /[ \t\r\n]*/y;

/** Whether brackets outside of strings nest deeper than we accept. */
export function nestsTooDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charCodeAt(i);
    if (quoted) {
      if (char === 92) i += 1;
      else if (char === 34) quoted = false;
    } else if (char === 34) quoted = true;
    else if (char === 91 || char === 123) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (char === 93 || char === 125) depth -= 1;
  }
  return false;
}

/**
 * Finds where JSON goes wrong. `JSON.parse` names a place only in some of its messages, and not the same ones in every
 * version of Node. Runs on refused texts only.
 */
export function locateJsonError(text: string): TextPlace {
  return placeOf(text, firstBadOffset(text));
}

function placeOf(text: string, offset: number): TextPlace {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - (before.lastIndexOf('\n') + 1) + 1 };
}

/** Scans tokens with a stack of open brackets instead of recursion; the offset of the first token that cannot stand there. */
function firstBadOffset(text: string): number {
  const open: string[] = [];
  let expects: 'value' | 'key' | 'colon' | 'next' = 'value';
  let justOpened = false;
  let at = skip(text, SPACE, 0);
  while (at < text.length) {
    const char = text.charAt(at);
    const closes = char === open.at(-1);
    let end = at + 1;
    if (closes && (expects === 'next' || justOpened)) {
      open.pop();
      expects = 'next';
      justOpened = false;
    } else if (expects === 'next' && char === ',' && open.length > 0) {
      expects = open.at(-1) === '}' ? 'key' : 'value';
    } else if (expects === 'colon' && char === ':') {
      expects = 'value';
    } else if (expects === 'key') {
      end = skip(text, STRING, at);
      expects = 'colon';
      justOpened = false;
    } else if (expects === 'value' && (char === '{' || char === '[')) {
      open.push(char === '{' ? '}' : ']');
      expects = char === '{' ? 'key' : 'value';
      justOpened = true;
    } else if (expects === 'value') {
      end = [STRING, NUMBER, LITERAL].map((token) => skip(text, token, at)).find((to) => to > at) ?? at;
      expects = 'next';
      justOpened = false;
    } else return at;
    if (end === at) return at;
    at = skip(text, SPACE, end);
  }
  return at;
}

/** Offset of the end of the token at this place; the place itself when the token is not there. */
function skip(text: string, token: RegExp, from: number): number {
  token.lastIndex = from;
  return token.test(text) ? token.lastIndex : from;
}
