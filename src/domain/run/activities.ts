import type { PlanNode } from './plan';
import type { EndedBy, RunError, StepRecord } from './step-record';

/** Input of every step activity; it reads everything else from Postgres. */
export interface StepInput {
  runId: string;
  path: string;
  variables: Record<string, unknown>;
  repeat: Record<string, unknown> | null;
  /** For the condition of a `repeat`: the iteration that begins next (`while`) or has ended (`until`). */
  iteration?: number;
  /** Path of the last wait before this step; its result is in scope. */
  wait?: string;
  /** In `on_failure`: the failure of the run. */
  error?: RunError;
  /** Steps noted since the last activity, to be written with this one. */
  journal: StepRecord[];
  /** For a call: the workflow moves it to the task queue of calls when the activity returns a handover. */
  mayMove?: true;
}

/** The run's row has ended, so nothing more may be written or sent. */
export interface Closed {
  type: 'closed';
}

export interface Skipped {
  type: 'skipped';
}

/** The step failed permanently, and its row records that. */
export interface Failed {
  type: 'failed';
  error: RunError;
}

/** The result of evaluating a step, by kind. */
export type StepEvaluation =
  | Closed
  | Skipped
  | Failed
  | { type: 'enabled' }
  | { type: 'branch'; index: number | 'else' | null }
  | { type: 'condition'; holds: boolean; reason: string }
  /** The rendered reason of a `stop`. */
  | { type: 'stop'; reason: string }
  | { type: 'variables'; variables: Record<string, unknown> }
  /** `ms`: the remaining time; absent in histories of version 0.1.0. */
  | { type: 'delay'; until: number; ms?: number }
  /**
   * A wait that continues, with the instants (ms since 1970) of its next evaluation and of its timeout; or one that has
   * ended. `ms`: the time until the earlier of the two, null = neither; absent in histories of version 0.1.0.
   */
  | {
      type: 'wait';
      over: false;
      note: string;
      recheckAt: number | null;
      timeoutAt: number | null;
      ms?: number | null;
    }
  | { type: 'wait'; over: true; completed: boolean }
  /** `total` and `items` for a counted loop; `goesOn` for a loop whose condition is evaluated at each iteration. */
  | {
      type: 'repeat';
      total?: number;
      items?: unknown[];
      iteration?: number;
      goesOn?: boolean;
      problem?: string;
      /** Maximum number of iterations in a dry run. */
      most?: number;
    };

/** A normal activity takes over, after a pause when a failure requires one. */
export interface Handover {
  type: 'handover';
  /** Number of attempts that have been sent. */
  attempts: number;
  delayMs: number;
  timeoutMs: number;
  /** The origin is slow, or uses its share of the local slots: the call is performed on the task queue of calls. */
  apart?: true;
}

/** The outcome of performing an action. */
export type StepOutcome = Closed | Skipped | Failed | { type: 'done' } | Handover;

/** A call ended without an attempt that could record the outcome. */
export interface GaveUp {
  type: 'gaveUp';
  /** `timeout` when its deadline passed. */
  code: 'timeout' | 'internal';
  message: string;
}

/** The outcome of a command that an activity carried out. */
export type CommandOutcome =
  { at: string; iteration?: number; evaluated: StepEvaluation } | { at: string; performed: StepOutcome };

/** A call that begins as a normal activity after a stretch. */
export interface NextCall {
  at: string;
  /** The origin uses its share of the slots: the call is performed on the task queue of calls. */
  apart?: true;
}

/** Result of a stretch. */
export interface Stretched {
  /** Outcomes in the order in which the steps were carried out, beginning with the requested one. */
  done: CommandOutcome[];
  /** Whether the steps of the run are finished and its row has ended as a success. */
  ended: boolean;
  /** The call that follows, which is a normal activity from the start. Absent in results of older releases. */
  call?: NextCall;
  /** Nothing was carried out, because this worker lacks a filter of the definition; a normal activity takes over. */
  elsewhere?: true;
}

/** Position of a branch from which an activity continues. */
export interface StretchInput extends Omit<StepInput, 'path' | 'iteration'> {
  /** Path of the branch; '' = the run itself. */
  branch: string;
  positions: Record<string, number>;
  /** The command to begin with; absent = the first one. */
  first?: { type: 'evaluate' | 'perform'; at: string; iteration?: number };
}

/** The result of claiming a run. */
export interface ClaimResult {
  plan: PlanNode[];
  onFailure?: PlanNode[];
  variables: Record<string, unknown>;
  /** Set when the run lost its first execution: this one performs only `on_failure`. */
  failed?: { error: RunError };
}

export interface RunActivities {
  /**
   * Claims the run's row for this execution and performs its first stretch; null = another execution has it, and this
   * one must end without a trace.
   */
  claimRun(input: {
    runId: string;
    executionRunId: string;
    /** The execution resumes where an earlier one stopped; nothing is performed. */
    resumes?: boolean;
  }): Promise<(Stretched & ClaimResult) | null>;
  /** Carries out steps one after another until one needs Temporal; after the last step of the run ends its row, too. */
  performStretch(input: StretchInput): Promise<Stretched>;
  /**
   * Performs a provider call as a normal activity. A step that failed permanently is thrown as a non-retryable failure
   * with `Failed` in its details; histories of 0.1.0 have it as a result.
   */
  performStep(input: StepInput): Promise<StepOutcome>;
  /** Records a failure that no attempt could record. A step that has ended in between keeps its outcome. */
  failStep(input: StepInput & { error: RunError }): Promise<StepOutcome>;
  /** Writes noted steps when no other activity will write them. */
  writeNotes(input: { runId: string; journal: StepRecord[] }): Promise<void>;
  /** Stores the failure of a run before `on_failure`. Returns false when the run had ended before. */
  noteRunFailed(input: { runId: string; endedBy?: EndedBy; error: RunError; journal: StepRecord[] }): Promise<boolean>;
  /** Writes the end of the run. Returns false when its row had ended before. */
  finishRun(input: {
    runId: string;
    status: 'success' | 'failed' | 'cancelled';
    endedBy?: EndedBy;
    error?: RunError;
    journal: StepRecord[];
  }): Promise<boolean>;
}
