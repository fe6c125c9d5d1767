import { visit } from 'jsonc-parser';

/** Place of the first error in a text that is not JSON. 1-based. */
export interface TextPlace {
  line: number;
  column: number;
}

/** Deepest nesting of a body. Neither this process nor Postgres could walk a deeper one safely. */
const MAX_DEPTH = 128;

/** Returns whether brackets outside of strings are nested too deep. */
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
 * Returns the position of the first error in a text that `JSON.parse` refused; the end of the text when there is none.
 * Only some messages of `JSON.parse` contain a position, and this differs between versions of Node. Recursive: call it
 * only with texts that are not nested too deep.
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
