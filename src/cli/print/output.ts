import { useColours } from '../../log';
import { showControls } from '../../domain/control-text';
import { renderTable, type Cell } from './table';

/** Colour codes of `paint`. */
const COLOUR = /(\u001b\[\d{1,2}m)/;

/** Escapes control characters in text from outside that a command has not escaped itself. */
const showAllButColours = (text: string): string =>
  text
    .split(COLOUR)
    .map((part, index) => (index % 2 === 1 ? part : showControls(part)))
    .join('');

/** Output of a command. */
export interface Output {
  readonly colours: boolean;
  /** Columns of the terminal; undefined when the output is not a terminal. */
  readonly width: number | undefined;
  line(text?: string): void;
  table(columns: readonly string[], rows: readonly Cell[][]): void;
  /** Prints one indented JSON document, for machines. */
  json(value: unknown): void;
}

/** Creates the output that writes to standard output. */
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

/** The option of every command that prints text for people. */
export const JSON_OPTION = ['--json', 'print the answer of the API as JSON'] as const;
