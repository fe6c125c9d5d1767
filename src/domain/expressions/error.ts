import { textWidth } from '../text-width';

const EXCERPT_WIDTH = 100;

/** Returns the offsets at which the lines of `source` start. */
function startsOfLines(source: string): number[] {
  const starts = [0];
  for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

// The offsets of the latest text are cached, because a long template with thousands of expressions needs as many
// positions in the same text.
let latest: { readonly source: string; readonly starts: readonly number[] } = { source: '', starts: [0] };

/** Returns the 1-based position of `offset` in `source`. Columns count UTF-16 units, as in editors and YAML parsers. */
export function placeOf(source: string, offset: number): { line: number; column: number } {
  if (latest.source !== source) latest = { source, starts: startsOfLines(source) };
  const { starts } = latest;
  let line = 0;
  for (let beyond = starts.length; beyond - line > 1;) {
    const middle = (line + beyond) >> 1;
    if ((starts[middle] ?? 0) <= offset) line = middle;
    else beyond = middle;
  }
  return { line: line + 1, column: offset - (starts[line] ?? 0) + 1 };
}

function excerptOf(source: string, offset: number, column: number): string {
  const lineStart = offset - column + 1;
  const lineEnd = source.indexOf('\n', offset);
  const length = (lineEnd === -1 ? source.length : lineEnd) - lineStart;
  const from = Math.max(0, Math.min(column - 1 - EXCERPT_WIDTH / 2, length - EXCERPT_WIDTH));
  const shown = source
    .slice(lineStart + from, lineStart + Math.min(from + EXCERPT_WIDTH, length))
    .replace(/[\t\r]/g, ' ');
  return `${shown}\n${' '.repeat(textWidth(shown.slice(0, column - 1 - from)))}^`;
}

/**
 * The only error that parsing, evaluating and rendering throw. `message` contains the problem and the position.
 * `problem` does not contain the position and is used in lists that show line and column separately.
 */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  readonly code = 'expression_error';
  /** 1-based line in the source of the expression or template. */
  readonly line: number;
  /** 1-based column in `line`. */
  readonly column: number;
  /** Two lines: the source line (or a part of it when it is long), and a caret below the position. */
  readonly excerpt: string;

  constructor(
    readonly problem: string,
    source: string,
    readonly offset: number,
  ) {
    const { line, column } = placeOf(source, offset);
    super(`${problem} (line ${String(line)}, column ${String(column)})`);
    this.line = line;
    this.column = column;
    this.excerpt = excerptOf(source, offset, column);
  }
}
