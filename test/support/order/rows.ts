import type { StepEvaluation, StepInput, StepOutcome } from '../../../src/domain/run/activities';
import type { StepRecord } from '../../../src/domain/run/step-record';
import { nameOf } from './dry';

/**
 * Matches the indexes of steps that run one after another: steps in a list and iterations of a loop, but not branches.
 */
const ORDERED = /(?<![a-z_])(actions|on_failure|sequence|else|repeat)\[(\d+)\]/g;

/** The step rows of a run, as the run's activities write them. They are what users see of the run. */
export class StepRows {
  /** Steps that were still open when the run ended successfully with its last step. */
  openAtEnd: string[] = [];
  /** Actions that have ended, by path. */
  readonly actions = new Map<string, 'done' | 'skipped' | 'failed'>();
  /**
   * Steps, and the decisions of loops about iterations, in the order in which the handlers were first called for them.
   */
  readonly handled = new Set<string>();
  private readonly statuses = new Map<string, 'open' | 'ended'>();

  /** @param isConcurrent returns whether the iterations of the loop at a path run concurrently */
  constructor(private readonly isConcurrent: (path: string) => boolean) {}

  /** Writes a workflow's records, as `writeJournal` does. */
  note(records: readonly StepRecord[]): void {
    for (const { path, status } of records) {
      this.set(path, status === 'running' || status === 'waiting' ? 'open' : 'ended');
      if (status === 'cancelled')
        for (const below of this.open()) if (below.startsWith(`${path}.`)) this.set(below, 'ended');
    }
  }

  evaluated({ path, iteration }: Pick<StepInput, 'path' | 'iteration'>, evaluation: StepEvaluation): void {
    this.handled.add(nameOf(path, iteration));
    switch (evaluation.type) {
      case 'condition':
      case 'variables':
      case 'skipped':
      case 'failed':
        return this.set(path, 'ended');
      case 'wait':
        return this.set(path, evaluation.over ? 'ended' : 'open');
      case 'closed':
        return;
      default:
        return this.set(path, 'open');
    }
  }

  performed(path: string, { type }: StepOutcome): void {
    this.handled.add(nameOf(path));
    if (type === 'done' || type === 'skipped' || type === 'failed') this.actions.set(path, type);
    this.set(path, type === 'handover' ? 'open' : 'ended');
  }

  end(records: readonly StepRecord[]): void {
    this.note(records);
    this.openAtEnd = this.open();
  }

  /** Returns the steps that have started but not ended. */
  open(): string[] {
    return [...this.statuses].filter(([, status]) => status === 'open').map(([path]) => path);
  }

  /**
   * Returns the open steps after which a later step of the same list or a later iteration of the same loop has started.
   */
  leftBehind(): string[] {
    const reached = new Map<string, number>();
    for (const path of this.statuses.keys()) {
      for (const [list, index] of this.placesOf(path)) reached.set(list, Math.max(index, reached.get(list) ?? 0));
    }
    return this.open().filter((path) => this.placesOf(path).some(([list, index]) => index < (reached.get(list) ?? 0)));
  }

  /** Sets the state of a row. A row that has ended remains unchanged. */
  private set(path: string, status: 'open' | 'ended'): void {
    if (this.statuses.get(path) !== 'ended') this.statuses.set(path, status);
  }

  /**
   * Returns the lists and loops on a path, each with the path's index in it. Concurrent loops are left out, because
   * their iterations have no order.
   */
  private placesOf(path: string): [list: string, index: number][] {
    return [...path.matchAll(ORDERED)].flatMap(({ index: at, 1: name = '', 2: index }) =>
      name === 'repeat' && this.isConcurrent(path.slice(0, at - 1))
        ? []
        : [[path.slice(0, at + name.length), Number(index)]],
    );
  }
}
