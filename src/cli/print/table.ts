import { textWidth } from '../../domain/text-width';
import { paint, plain, type Tone } from './paint';

/** One cell; the tone is shown where colours are wanted. */
export type Cell = string | { text: string; tone: Tone | undefined };

interface TableOptions {
  colours: boolean;
  /** Columns of the terminal; undefined = lines may be as long as they are. */
  width: number | undefined;
}

const GAP = '  ';
/** What is left of the last column at least. */
const MIN_LAST = 16;

/** Aligned columns under their names. Only the last column is cut, and only on a terminal. */
export function renderTable(columns: readonly string[], rows: readonly Cell[][], options: TableOptions): string {
  const texts = rows.map((row) => columns.map((_, index) => plain(textOf(row[index]))));
  const widths = columns.map((name, index) =>
    Math.max(textWidth(name), ...texts.map((row) => textWidth(row[index] ?? ''))),
  );
  const last = columns.length - 1;
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + GAP.length, 0);
  const room = options.width === undefined ? Infinity : Math.max(MIN_LAST, options.width - before);
  const line = (cells: readonly string[], toneAt: (index: number) => Tone | undefined) =>
    cells
      .map((text, index) => {
        const shown = index === last ? cut(text, room) : text;
        const padding = index === last ? '' : ' '.repeat((widths[index] ?? 0) - textWidth(text));
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

/** At most `room` columns, the last one an ellipsis when something is missing. */
export function cut(text: string, room: number): string {
  if (textWidth(text) <= room) return text;
  let shown = '';
  for (const character of text) {
    if (textWidth(shown + character) > room - 1) break;
    shown += character;
  }
  return `${shown}…`;
}

/** The same for what ends with the part that matters: the first character is an ellipsis when something is missing. */
export function cutBefore(text: string, room: number): string {
  const characters = [...text];
  return characters.length <= room ? text : `…${characters.slice(characters.length - Math.max(0, room - 1)).join('')}`;
}
