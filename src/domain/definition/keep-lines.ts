import { diffArrays } from 'diff';

/**
 * Maximum number of added and removed lines. If there are more, the comparison is abandoned, because its time grows
 * with the square of their number.
 */
const MAX_EDITS = 2_000;

interface Line {
  text: string;
  /** The empty lines directly above the line. */
  lead: string;
}

/**
 * Applies the lines that differ between `written` and `edited` to `source`. `written` is the document of `source` as a
 * library serializes it, and `edited` is `written` after a change. All other lines of `source` are kept unchanged.
 * Returns `edited` when the lines of `source` and `written` do not correspond, or when too many lines have changed.
 */
export function keepLines(source: string, written: string, edited: string): string {
  const [kept, base, wanted] = [linesOf(source), linesOf(written), linesOf(edited)];
  if (kept.length !== base.length) return edited;
  const changes = diffArrays(
    base.map(({ text }) => text),
    wanted.map(({ text }) => text),
    { maxEditLength: MAX_EDITS },
  );
  if (changes === undefined) return edited;
  const result: Line[] = [];
  let at = 0;
  let next = 0;
  for (const { added, removed, count } of changes) {
    if (added) result.push(...wanted.slice(next, next + count));
    else if (!removed) result.push(...kept.slice(at, at + count));
    if (!added) at += count;
    if (!removed) next += count;
  }
  return `${result.map(({ lead, text }) => `${lead}${text}`).join('\n')}\n`;
}

function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  let lead = '';
  for (const line of text.split('\n')) {
    if (line.trim() === '') lead += `${line}\n`;
    else {
      lines.push({ text: line, lead });
      lead = '';
    }
  }
  return lines;
}
