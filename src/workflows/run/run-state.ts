import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { StepInput } from '../../domain/run/activities';
import type { Command } from '../../domain/run/interpret/command';
import { Progress, type Branch } from '../../domain/run/interpret/progress';
import type { Resume, RunInput } from '../../domain/run/messages';
import type { StepRecord } from '../../domain/run/step-record';
import { Details } from './details';
import { bytesOf } from './task-room';

/** Number of history events after which a run continues in a new execution. Temporal's limit is 51,200. */
const CONTINUE_AFTER = 8_000;

/** Keys, ids and paths of an input, in bytes. */
const ROOM_FOR_NAMES = 4_096;

/** The state that an execution carries between steps. A snapshot of it carries it to the next execution. */
export class RunState {
  readonly progress: Progress;
  /** The run's row has ended with its last stretch. */
  rowEnded = false;
  /** The failure of the run, while `on_failure` runs. */
  failed: Resume['failed'];
  private readonly details: Details;
  private readonly journal: StepRecord[];
  private beingWritten: StepRecord[] = [];
  private readonly continueAfter: number;

  constructor(
    readonly runId: string,
    variables: Record<string, unknown>,
    { resume, continueAfter = CONTINUE_AFTER }: Pick<RunInput, 'resume' | 'continueAfter'>,
  ) {
    this.progress = new Progress(variables, resume);
    this.details = new Details(resume);
    this.journal = resume?.journal ?? [];
    this.failed = resume?.failed;
    this.continueAfter = continueAfter;
  }

  isLong(): boolean {
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    return continueAsNewSuggested || historyLength >= this.continueAfter;
  }

  /** Shows a step's state in the Web UI, and keeps it for its row unless a stretch has written it. */
  note(command: Extract<Command, { type: 'note' }>, isWritten: boolean): void {
    const { node, path, status, persist, text, result, error } = command;
    if (persist && !isWritten) {
      this.journal.push({
        ...{ path, actionId: node.id, kind: node.kind, status },
        action: node.kind === 'action' ? node.action : null,
        ...(result === undefined ? {} : { result }),
        ...(error && { error }),
      });
    }
    this.details.set(path, node.label, status, text ?? error?.message);
    setCurrentDetails(this.details.markdown());
  }

  hasNotes(): boolean {
    return this.journal.length > 0;
  }

  /**
   * Takes notes for an activity to write. Includes those that `writeNotes` may still be writing, since this activity
   * may end the run first.
   */
  takeNotes(): StepRecord[] {
    return [...this.beingWritten, ...this.journal.splice(0)];
  }

  /** Takes notes for `writeNotes`, of which at most one is in progress. */
  beginWriting(): StepRecord[] {
    this.beingWritten = this.journal.splice(0);
    return this.beingWritten;
  }

  endWriting(): void {
    this.beingWritten = [];
  }

  /** Puts back the notes of an activity that failed, perhaps before it ran. Writing them twice changes nothing. */
  keepNotes(notes: readonly StepRecord[]): void {
    this.journal.unshift(...notes);
  }

  /** Returns the input that every step activity has, including the notes. */
  stepInput({ variables, repeat, wait }: Branch): Omit<StepInput, 'path'> {
    const { runId, failed } = this;
    return {
      ...{ runId, variables, repeat, journal: this.takeNotes() },
      ...(wait === undefined ? {} : { wait }),
      ...(failed === undefined ? {} : { error: failed.error }),
    };
  }

  /** Returns the size of the input of the next step of a branch, in bytes. */
  inputBytes({ variables, repeat }: Branch): number {
    return bytesOf([variables, repeat, this.beingWritten, this.journal, this.failed]) + ROOM_FOR_NAMES;
  }

  /** Returns the size of the snapshot, in bytes. */
  snapshotBytes(): number {
    const { failed, details, progress, journal } = this;
    return bytesOf([progress.snapshot(), failed, journal, details.snapshot()]) + ROOM_FOR_NAMES;
  }

  snapshot(): Resume {
    const { failed, details, progress } = this;
    return {
      ...progress.snapshot(),
      ...(failed === undefined ? {} : { failed }),
      ...{ journal: this.takeNotes(), ...details.snapshot() },
    };
  }
}
