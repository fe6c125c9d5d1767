import { useColours } from '../../log';
import { showControls } from '../../domain/control-text';
import { renderTable, type Cell } from './table';

/** Matches the colour codes that `paint` writes. */
const COLOUR = /(\u001b\[\d{1,2}m)/;

/**
 * Escapes control characters, except colour codes, in text from external sources that a command has not escaped itself.
 */
const showAllButColours = (text: string): string =>
  text
    .split(COLOUR)
    .map((part, index) => (index % 2 === 1 ? part : showControls(part)))
    .join('');

/** Output of a command. */
export interface Output {
  readonly colours: boolean;
  /** Width of the terminal in columns. Undefined if the output is not a terminal. */
  readonly width: number | undefined;
  line(text?: string): void;
  table(columns: readonly string[], rows: readonly Cell[][]): void;
  /** Prints one indented JSON document, for use by other programs. */
  json(value: unknown): void;
}

/** Creates an output that writes to standard output. */
export function createOutput(): Output {
  const colours = useColours();
  const width = process.stdout.isTTY ? process.stdout.columns : undefined;
  const line = (text = '') => void process.stdout.write(`${showAllButColours(text)}\n`);
  return {
    colours,
    width,
    line,
    table: (columns, rows) => line(renderTable(columns, rows, { colours, width })),
    json: (value) => void process.stdout.write(`${showControls(JSON.stringify(value, null, 2))}\n`),
  };
}

/** The option `--json` of commands that print responses of the API. */
export const JSON_OPTION = ['--json', 'print the answer of the API as JSON'] as const;
