const EXCERPT_WIDTH = 100;

/** 1-based place of an offset in a text. Columns count UTF-16 units, as editors and YAML parsers do. */
export function placeOf(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let at = before.indexOf('\n'); at !== -1; at = before.indexOf('\n', at + 1)) line += 1;
  return { line, column: offset - lineStart + 1 };
}

function excerptOf(source: string, offset: number, column: number): string {
  const lineStart = offset - column + 1;
  const lineEnd = source.indexOf('\n', offset);
  const text = source.slice(lineStart, lineEnd === -1 ? source.length : lineEnd).replace(/[\t\r]/g, ' ');
  const from = Math.max(0, Math.min(column - 1 - EXCERPT_WIDTH / 2, text.length - EXCERPT_WIDTH));
  const shown = text.slice(from, from + EXCERPT_WIDTH);
  return `${shown}\n${' '.repeat(column - 1 - from)}^`;
}

/**
 * The only thing that parsing, evaluating and rendering throw, whatever the input. `message` names the problem and the
 * place; `problem` is the same without the place, for lists that show line and column on their own.
 */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  readonly code = 'expression_error';
  /** 1-based line in the source of the expression or template. */
  readonly line: number;
  /** 1-based column in that line. */
  readonly column: number;
  /** Two lines: the source line (a window of it when it is long) and a caret below the place. */
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
