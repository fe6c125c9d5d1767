import { PARTS, type Figure, type Part } from './figure';

type Line = [
  what: string,
  unit: string,
  fermata: string,
  raw: string,
  ratio: string,
  best: string,
  ratioToBest: string,
  target: string,
  verdict: string,
];

const HEAD: Line = ['', '', 'fermata', 'raw engine', 'ratio', 'at its best', 'ratio', 'target', ''];
const RIGHT: ReadonlySet<number> = new Set([2, 3, 4, 5, 6]);

/** Renders the table as text, with one block for each part that was measured. */
export function renderTable(figures: readonly Figure[]): string {
  const parts = [...new Set(figures.map(({ part }) => part))].toSorted();
  const blocks = parts.map((part) => ({ part, lines: figures.filter((f) => f.part === part).map(lineOf) }));
  const all = [HEAD, ...blocks.flatMap(({ lines }) => lines)];
  const widths = HEAD.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0)));
  const render = (line: Line) =>
    `  ${line
      .map((cell, column) =>
        RIGHT.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')}`.trimEnd();
  return [render(HEAD), ...blocks.flatMap(({ part, lines }) => ['', title(part), ...lines.map(render)])].join('\n');
}

const title = (part: Part) => `(${part}) ${PARTS[part]}`;

function lineOf({ what, unit, fermata, raw, best, target }: Figure): Line {
  const ratio = (other: number | null | undefined) =>
    other == null || other === 0 ? '' : `${(fermata / other).toFixed(2)} ×`;
  const verdict = target === undefined ? '' : target.met ? 'ok' : 'MISSED';
  const shown = (value: number | null | undefined) => (value == null ? '–' : number(value));
  return [
    ...([what, unit, number(fermata), shown(raw), ratio(raw)] as const),
    ...([shown(best), ratio(best), target?.text ?? '', verdict] as const),
  ];
}

function number(value: number): string {
  const digits = Number.isInteger(value) || Math.abs(value) >= 200 ? 0 : 1;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
