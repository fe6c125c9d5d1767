import { textWidth } from '../../domain/text-width';
import { paint, plain, type Tone } from './paint';

/** A table cell. Its tone is shown if colours are enabled. */
export type Cell = string | { text: string; tone: Tone | undefined };

interface TableOptions {
  colours: boolean;
  /** Width of the terminal in columns. If undefined, lines may have any length. */
  width: number | undefined;
}

const GAP = '  ';
/**
 * Minimum widths of the last column. The first applies before ids are shortened. The second applies after that, if the
 * table is still too wide.
 */
const MIN_LAST = [24, 16] as const;
/** Minimum width of an id column, which is the width of a shortened id: `01a2086a…27d2`. */
const MIN_ID = 13;
/** Maximum length of a word in characters. Longer words are treated as ids. */
const MAX_WORD = 20;
const INSTANT = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;
/**
 * Minimum width to which the widest columns are cut in the last step. A table that is still too wide is not cut
 * further.
 */
const MIN_ANY = 8;

/**
 * Returns an aligned table with column titles. A table that is too wide for the terminal is shortened in this order:
 * the last column is cut, then ids and other long words are shortened in the middle, then the last column is cut
 * further, then the widest columns are cut.
 */
export function renderTable(columns: readonly string[], rows: readonly Cell[][], options: TableOptions): string {
  const texts = rows.map((row) => columns.map((_, index) => plain(textOf(row[index]))));
  const widths = fittingWidths(columns, texts, options.width);
  const last = columns.length - 1;
  const line = (cells: readonly string[], toneAt: (index: number) => Tone | undefined) =>
    cells
      .map((text, index) => {
        const room = widths[index] ?? 0;
        const shown = index === last ? cut(text, room) : shorten(text, room);
        const padding = index === last ? '' : ' '.repeat(Math.max(0, room - textWidth(shown)));
        return paint(shown, toneAt(index), options.colours) + padding;
      })
      .join(GAP)
      .trimEnd();
  return [
    line(columns, () => 'quiet'),
    ...texts.map((cells, row) => line(cells, (index) => toneOfCell(rows[row]?.[index]))),
  ].join('\n');
}

const textOf = (cell: Cell | undefined) => (typeof cell === 'object' ? cell.text : (cell ?? ''));
const toneOfCell = (cell: Cell | undefined) => (typeof cell === 'object' ? cell.tone : undefined);

/** Returns the width of each column, chosen so that the table fits into `width` if possible. */
function fittingWidths(columns: readonly string[], texts: readonly string[][], width: number | undefined): number[] {
  const widths = columns.map((name, index) =>
    Math.max(textWidth(name), ...texts.map((row) => textWidth(row[index] ?? ''))),
  );
  if (width === undefined) return widths;
  const last = columns.length - 1;
  const all = columns.map((_, index) => index);
  const ids = all.filter((index) => index < last && texts.some((row) => isId(row[index] ?? '')));
  let excess = widths.reduce((sum, each) => sum + each, 0) + GAP.length * last - width;
  const shrink = (indexes: readonly number[], least: number) => {
    while (excess > 0) {
      const widest = indexes.reduce((best, index) => ((widths[index] ?? 0) > (widths[best] ?? -1) ? index : best), -1);
      const current = widths[widest] ?? 0;
      if (current <= least) return;
      widths[widest] = current - 1;
      excess -= 1;
    }
  };
  shrink([last], MIN_LAST[0]);
  shrink(ids, MIN_ID);
  shrink([last], MIN_LAST[1]);
  shrink(all, MIN_ANY);
  return widths;
}

/**
 * Shortens `text`. Ids are cut in the middle. Instants first lose the year, then the seconds. Other text is cut at the
 * end.
 */
function shorten(text: string, room: number): string {
  if (textWidth(text) <= room) return text;
  if (INSTANT.test(text) && room >= 11) return text.slice(5, room >= 14 ? 19 : 16);
  return isId(text) ? cutMiddle(text, room) : cut(text, room);
}

const isId = (text: string) => text.length > MAX_WORD && !text.includes(' ');

/** Cuts `text` to `room` columns. If it is cut, it ends with an ellipsis. */
export function cut(text: string, room: number): string {
  if (textWidth(text) <= room) return text;
  let shown = '';
  for (const character of text) {
    if (textWidth(shown + character) > room - 1) break;
    shown += character;
  }
  return `${shown}…`;
}

/** Cuts the middle of `text` to `room` columns and inserts an ellipsis. Used for ids, which differ at both ends. */
export function cutMiddle(text: string, room: number): string {
  if (textWidth(text) <= room) return text;
  const tailRoom = Math.floor((room - 1) / 3);
  const characters = [...text];
  let tail = '';
  for (let index = characters.length - 1; index >= 0; index -= 1) {
    const longer = `${characters[index] ?? ''}${tail}`;
    if (textWidth(longer) > tailRoom) break;
    tail = longer;
  }
  return `${cut(text, room - textWidth(tail))}${tail}`;
}

/** Cuts the start of `text`, for values whose end is more important. The result starts with an ellipsis. */
export function cutBefore(text: string, room: number): string {
  const characters = [...text];
  return characters.length <= room ? text : `…${characters.slice(characters.length - Math.max(0, room - 1)).join('')}`;
}
