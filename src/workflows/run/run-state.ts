import { setCurrentDetails } from '@temporalio/workflow';
import type { Performance, Performed, StepInput } from '../../domain/run/activities';
import type { PlanNode } from '../../domain/run/plan';
import { pathsOf, type Stretch } from '../../domain/run/stretch';
import type { RunError, StepRecord, StepStatus } from '../../domain/run/step-record';
import { Details } from './details';

/** What an execution carries between steps. */
export class RunState {
  private journal: StepRecord[] = [];
  private readonly details = new Details();
  private readonly ahead = new Map<string, Performance>();
  /** The run's row has ended with its last stretch. */
  ended = false;

  constructor(
    readonly runId: string,
    public variables: Record<string, unknown>,
  ) {}

  /** Shows a step's state in the Web UI. */
  show(path: string, node: PlanNode, status: StepStatus, note?: string): void {
    this.details.set(path, node.label, status, note);
    setCurrentDetails(this.details.markdown());
  }

  /** Notes a step's state for its row, to be written by the next activity, and shows it. */
  note(path: string, node: PlanNode, status: StepStatus, more: { result?: unknown; error?: RunError } = {}): void {
    this.journal.push({
      path,
      actionId: node.id,
      kind: node.kind,
      action: node.kind === 'action' ? node.action : null,
      status,
      ...more,
    });
    this.show(path, node, status, more.error?.message);
  }

  /** Input of the next step activity; what was noted goes with it. */
  input(path: string): StepInput {
    return { ...this.stepsInput(), path };
  }

  /** What the input of every step activity has; what was noted goes with it. */
  stepsInput(): Omit<StepInput, 'path'> {
    return { runId: this.runId, variables: this.variables, repeat: null, journal: this.takeJournal() };
  }

  /** Keeps what a stretch gave until its steps have their turn. */
  keep(stretch: Stretch, { performances, ended }: Performed): void {
    const paths = pathsOf(stretch);
    for (const [index, performance] of performances.entries()) this.ahead.set(paths[index] ?? '', performance);
    this.ended ||= ended;
  }

  /** Whether a step was performed in a stretch and had no turn yet. */
  isAhead(path: string): boolean {
    return this.ahead.has(path);
  }

  /** What a step gave that was performed in a stretch. */
  takeAhead(path: string): Performance {
    const performance = this.ahead.get(path);
    if (!performance) throw new Error(`Nothing was performed at ${path}`);
    this.ahead.delete(path);
    return performance;
  }

  takeJournal(): StepRecord[] {
    const journal = this.journal;
    this.journal = [];
    return journal;
  }
}
