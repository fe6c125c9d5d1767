import { setCurrentDetails } from '@temporalio/workflow';
import type { StepInput } from '../../domain/run/activities';
import type { PlanNode } from '../../domain/run/plan';
import type { RunError, StepRecord, StepStatus } from '../../domain/run/step-record';
import { Details } from './details';

/** What an execution carries between steps. */
export class RunState {
  private journal: StepRecord[] = [];
  private readonly details = new Details();

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
    return { runId: this.runId, path, variables: this.variables, repeat: null, journal: this.takeJournal() };
  }

  takeJournal(): StepRecord[] {
    const journal = this.journal;
    this.journal = [];
    return journal;
  }
}
