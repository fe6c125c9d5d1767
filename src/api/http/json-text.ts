import { visit } from 'jsonc-parser';

/** Position of the first error in invalid JSON. Line and column start at 1. */
export interface TextPlace {
  line: number;
  column: number;
}

/** Maximum nesting depth of a body. Neither this process nor Postgres could safely process deeper nesting. */
const MAX_DEPTH = 128;

/** Returns whether brackets outside of strings are nested too deeply. */
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
 * Returns the position of the first error in `text`, which `JSON.parse` refused, or the end of `text` if it has no
 * error. Not every message of `JSON.parse` contains a position, and the messages differ between versions of Node. This
 * function is recursive, so call it only if `nestsTooDeep` returns false for the text.
 */
export function locateJsonError(text: string): TextPlace {
  const lines = text.split('\n');
  let place: TextPlace | undefined;
  const onError = (_code: number, _offset: number, _length: number, line: number, column: number) => {
    place ??= { line: line + 1, column: column + 1 };
  };
  visit(text, { onError }, { disallowComments: true });
  return place ?? { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
