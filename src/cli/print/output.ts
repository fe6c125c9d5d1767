import { useColours } from '../../log';
import { renderTable, type Cell } from './table';

/** Where a command writes, and how. */
export interface Output {
  readonly colours: boolean;
  /** Columns of the terminal; undefined when it is none. */
  readonly width: number | undefined;
  line(text?: string): void;
  table(columns: readonly string[], rows: readonly Cell[][]): void;
  /** For machines: one document, indented. */
  json(value: unknown): void;
}

/** Standard output. */
export function createOutput(): Output {
  const colours = useColours();
  const width = process.stdout.isTTY ? process.stdout.columns : undefined;
  const line = (text = '') => void process.stdout.write(`${text}\n`);
  return {
    colours,
    width,
    line,
    table: (columns, rows) => line(renderTable(columns, rows, { colours, width })),
    json: (value) => line(JSON.stringify(value, null, 2)),
  };
}

/** The option that every command for people has. */
export const JSON_OPTION = ['--json', 'print the answer of the API as JSON'] as const;
