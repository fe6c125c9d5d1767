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

/** Bytes that are reserved for the keys, ids and paths of an input. */
const ROOM_FOR_NAMES = 4_096;

/** The state of an execution between its steps. A snapshot passes it to the next execution. */
export class RunState {
  readonly progress: Progress;
  /** Whether the run's row was ended together with its last stretch. */
  rowEnded = false;
  /** The failure of the run, set while `on_failure` runs. */
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

  /**
   * Shows a step's state in the Web UI. Also keeps the state until an activity writes it to the step's row, unless a
   * stretch has already written it.
   */
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
   * Takes the notes that an activity is going to write. This includes notes that `writeNotes` may still be writing,
   * because this activity may end the run before `writeNotes` completes.
   */
  takeNotes(): StepRecord[] {
    return [...this.beingWritten, ...this.journal.splice(0)];
  }

  /** Takes the notes for `writeNotes`. At most one `writeNotes` is in progress. */
  beginWriting(): StepRecord[] {
    this.beingWritten = this.journal.splice(0);
    return this.beingWritten;
  }

  endWriting(): void {
    this.beingWritten = [];
  }

  /** Puts back the notes of an activity that failed, possibly before it ran. Writing a note twice has no effect. */
  keepNotes(notes: readonly StepRecord[]): void {
    this.journal.unshift(...notes);
  }

  /** Returns the input that all step activities have in common, including the notes. */
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
