import { markdownLine } from '../../domain/run/markdown';
import type { Resume } from '../../domain/run/messages';
import { comparePaths, depthOf, iterationsOf } from '../../domain/run/step-tree';
import type { StepStatus } from '../../domain/run/step-record';

/** Maximum number of lines in the current details of the Web UI. */
const LINES = 60;
/** Maximum length of a label or note, in characters. */
const TEXT = 200;

/** Statuses are shown as words, because symbols would need fonts that not every browser has. */
const WORDS: Record<StepStatus, string> = {
  pending: 'pending',
  running: 'running',
  waiting: 'waiting',
  success: 'done',
  failed: 'failed',
  skipped: 'skipped',
  cancelled: 'cancelled',
};

const OPEN: readonly StepStatus[] = ['pending', 'running', 'waiting'];

interface Line {
  label: string;
  status: StepStatus;
  note: string;
}

/** The numbers of the first and the last of consecutive iterations. The first iteration of a loop has number 1. */
type Range = [first: number, last: number];

/**
 * The steps of a run as Temporal's Web UI shows them: a tree in Markdown of at most 60 lines. The tree is needed
 * because the history shows local attempts only as markers. Ended iterations take one line per loop. When there are too
 * many lines, the steps that ended first are hidden first.
 */
export class Details {
  private readonly lines: Map<string, Line>;
  private readonly folded: Map<string, Range[]>;
  private hidden = 0;

  constructor({ details = [], folded = [] }: Partial<Pick<Resume, 'details' | 'folded'>> = {}) {
    this.lines = new Map(details);
    this.folded = new Map(folded);
  }

  /** Sets the status of a step. Without a note, the step keeps its previous note. */
  set(path: string, label: string, status: StepStatus, note?: string): void {
    const before = this.lines.get(path);
    if (!before) for (const { loop, index } of iterationsOf(path)) this.foldOthers(loop, index);
    this.lines.set(path, { label, status, note: note === undefined ? (before?.note ?? '') : markdownLine(note, TEXT) });
    if (!OPEN.includes(status)) this.foldOthers(path, null);
    // One line is reserved for the number of hidden steps.
    while (this.lines.size + this.folded.size > LINES - 1) this.hideOldest();
  }

  /** Folds the ended iterations of a loop, except the iteration `except`, which is about to continue. */
  private foldOthers(loop: string, except: number | null): void {
    const ended = new Map<number, boolean>();
    for (const [path, { status }] of this.lines) {
      const index = iterationsOf(path).find((iteration) => iteration.loop === loop)?.index;
      if (index === undefined || index === except) continue;
      ended.set(index, (ended.get(index) ?? true) && !OPEN.includes(status));
    }
    for (const [index, isOver] of ended) if (isOver) this.fold(loop, index);
  }

  private fold(loop: string, index: number): void {
    const place = `${loop}.repeat[${index}].`;
    for (const map of [this.lines, this.folded]) {
      for (const path of map.keys()) if (path.startsWith(place)) map.delete(path);
    }
    this.folded.set(loop, withNumber(this.folded.get(loop) ?? [], index + 1));
  }

  /** Hides the oldest ended step that has nothing below it. If no step has ended, hides the oldest line. */
  private hideOldest(): void {
    const paths = [...this.lines.keys(), ...this.folded.keys()];
    const isLeaf = (path: string) => !this.folded.has(path) && !paths.some((other) => other.startsWith(`${path}.`));
    const over = [...this.lines].find(([path, { status }]) => !OPEN.includes(status) && isLeaf(path));
    const [path] = over ?? [...this.folded].find(([loop]) => !this.lines.has(loop)) ?? [...this.lines][0] ?? [];
    if (path === undefined) return;
    if (!this.lines.delete(path)) this.folded.delete(path);
    this.hidden += 1;
  }

  /** Returns the state for the next execution of the run. */
  snapshot(): Pick<Resume, 'details' | 'folded'> {
    return { details: [...this.lines], folded: [...this.folded] };
  }

  markdown(): string {
    const lines = [...this.lines].map(([path, line]): [string, string] => [path, lineOf(path, line)]);
    const folds = [...this.folded].map(([loop, ranges]): [string, string] => [
      // This path sorts before the iterations that are still shown.
      `${loop}.repeat`,
      `${indent(depthOf(loop) + 1)}- ${iterationsIn(ranges)} done`,
    ]);
    const shown = [...lines, ...folds].sort(([one], [other]) => comparePaths(one, other)).map(([, text]) => text);
    const [noun, hidden] = [this.hidden === 1 ? 'step' : 'steps', this.hidden];
    return [...(hidden > 0 ? [`- ${hidden} earlier ${noun} not shown`] : []), ...shown].join('\n');
  }
}

const indent = (depth: number): string => '  '.repeat(depth);

function lineOf(path: string, { label, status, note }: Line): string {
  // In snapshots of older releases, the note contains the dash.
  const text = note.replace(/^ — /, '');
  return `${indent(depthOf(path))}- ${WORDS[status]}: **${markdownLine(label, TEXT)}**${text === '' ? '' : ` (${text})`}`;
}

/** Adds a number to sorted ranges and joins adjacent ranges. */
function withNumber(ranges: readonly Range[], number: number): Range[] {
  const joined: Range[] = [];
  for (const [first, last] of [...ranges, [number, number] as Range].sort(([a], [b]) => a - b)) {
    const before = joined.at(-1);
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else joined.push([first, last]);
  }
  return joined;
}

function iterationsIn(ranges: readonly Range[]): string {
  const texts = ranges.map(([first, last]) => (first === last ? String(first) : `${first}–${last}`));
  const isOne = ranges.length === 1 && ranges[0]?.[0] === ranges[0]?.[1];
  const shown = texts.length > 10 ? [...texts.slice(0, 9), '…', ...texts.slice(-1)] : texts;
  return `${isOne ? 'iteration' : 'iterations'} ${shown.join(', ')}`;
}
