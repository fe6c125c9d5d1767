import { markdownLine } from '../../domain/run/markdown';
import type { Resume } from '../../domain/run/messages';
import type { StepStatus } from '../../domain/run/step-record';

/** Most lines that the Web UI's current details carry; the newest are kept. */
const LINES = 60;
/** Longest label or note, in characters. */
const TEXT = 200;

const MARK: Record<StepStatus, string> = {
  pending: '▫️',
  running: '▶️',
  waiting: '⏳',
  success: '✅',
  failed: '❌',
  skipped: '⏭️',
  cancelled: '🚫',
};

interface Line {
  label: string;
  status: StepStatus;
  note: string;
}

/**
 * The step list that the Web UI shows as Markdown. It is what makes a run readable there, since local attempts are
 * only markers in the history.
 */
export class Details {
  private readonly lines: Map<string, Line>;
  private hidden = 0;

  constructor(lines: Resume['details'] = []) {
    this.lines = new Map(lines);
  }

  /** Without a note the step keeps the one it has. */
  set(path: string, label: string, status: StepStatus, note?: string): void {
    const kept = this.lines.get(path)?.note ?? '';
    this.lines.set(path, { label, status, note: note === undefined ? kept : ` — ${markdownLine(note, TEXT)}` });
    if (this.lines.size > LINES) this.hideOldest();
  }

  /** What has ended goes first: steps around others stay to be seen. */
  private hideOldest(): void {
    const isOver = ([, { status }]: [string, Line]) => !['pending', 'running', 'waiting'].includes(status);
    const [path] = [...this.lines].find(isOver) ?? [...this.lines][0] ?? [];
    if (path !== undefined) this.lines.delete(path);
    this.hidden += 1;
  }

  /** For the next execution of the run. */
  snapshot(): Resume['details'] {
    return [...this.lines];
  }

  markdown(): string {
    const shown = [...this.lines].map(
      ([path, line]) =>
        `- ${MARK[line.status]} **${markdownLine(line.label, TEXT)}**${word(line)} \`${path}\`${line.note}`,
    );
    return [...(this.hidden > 0 ? [`_${this.hidden} earlier steps_`, ''] : []), ...shown].join('\n');
  }
}

/** Also in words, for who has no such glyphs; a step that says nothing succeeded. */
function word({ status }: Line): string {
  return status === 'success' ? '' : ` ${status}`;
}
