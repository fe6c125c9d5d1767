import type { PlanNode } from './plan';
import type { EndedBy, RunError, StepRecord } from './step-record';

/** Input of every activity of a step. The activity reads everything else from Postgres. */
export interface StepInput {
  runId: string;
  path: string;
  variables: Record<string, unknown>;
  repeat: Record<string, unknown> | null;
  /**
   * For the condition of a `repeat`: the number of the iteration that begins next (`while`) or that has just ended
   * (`until`).
   */
  iteration?: number;
  /** Path of the last wait before this step. The result of this wait is in the scope. */
  wait?: string;
  /** The failure of the run, for steps of `on_failure`. */
  error?: RunError;
  /** Steps that were recorded since the last activity. This activity must write them. */
  journal: StepRecord[];
  /**
   * For a call: true if the workflow can move the call to the task queue of calls when the activity returns a handover.
   */
  mayMove?: true;
}

/** The run's row has ended, so nothing more may be written or sent. */
export interface Closed {
  type: 'closed';
}

export interface Skipped {
  type: 'skipped';
}

/** The step failed permanently, and its row records the failure. */
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
  /** `ms` is the remaining time; absent in histories of version 0.1.0. */
  | { type: 'delay'; until: number; ms?: number }
  /**
   * A wait that continues, with the times (ms since 1970) of its next evaluation and of its timeout, or a wait that has
   * ended. `ms` is the time until the earlier of the two; null = neither time is set; absent in histories of version
   * 0.1.0.
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
  /**
   * `total` and `items` are set for a loop whose iterations are counted; `goesOn` is set for a loop whose condition is
   * evaluated at each iteration.
   */
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

/** A normal activity takes over, after a pause if a failure requires one. */
export interface Handover {
  type: 'handover';
  /**
   * Number of attempts so far. Attempts that failed before their request was sent also count, unless infrastructure was
   * unreachable.
   */
  attempts: number;
  delayMs: number;
  timeoutMs: number;
  /**
   * Set when the origin is slow or has used up its share of the local slots. The call is then performed on the task
   * queue of calls.
   */
  apart?: true;
}

/** The outcome of performing an action. */
export type StepOutcome = Closed | Skipped | Failed | { type: 'done' } | Handover;

/** A call that ended without any attempt having recorded its outcome. */
export interface GaveUp {
  type: 'gaveUp';
  /** `timeout` when the deadline of the step passed. */
  code: 'timeout' | 'internal';
  message: string;
}

/** The outcome of a command that an activity carried out. */
export type CommandOutcome =
  { at: string; iteration?: number; evaluated: StepEvaluation } | { at: string; performed: StepOutcome };

/** A call that begins as a normal activity after a stretch. */
export interface NextCall {
  at: string;
  /** Set when the origin has used up its share of the slots. The call is then performed on the task queue of calls. */
  apart?: true;
}

/** The result of a stretch. */
export interface Stretched {
  /** Outcomes in the order in which the commands were carried out, starting with the requested command. */
  done: CommandOutcome[];
  /** Whether all steps of the run have ended and its row now has the status `success`. */
  ended: boolean;
  /** The call that follows, if it begins as a normal activity. Absent in results from older releases. */
  call?: NextCall;
  /**
   * Set when nothing was carried out, because this worker does not have a trigger or filter of the definition. A normal
   * activity takes over.
   */
  elsewhere?: true;
}

/** The position in a branch from which an activity continues. */
export interface StretchInput extends Omit<StepInput, 'path' | 'iteration'> {
  /** Path of the branch; '' = the run itself. */
  branch: string;
  positions: Record<string, number>;
  /** The command to begin with; absent = the first command. */
  first?: { type: 'evaluate' | 'perform'; at: string; iteration?: number };
}

/** The result of claiming a run. */
export interface ClaimResult {
  plan: PlanNode[];
  onFailure?: PlanNode[];
  variables: Record<string, unknown>;
  /** Set when the run lost its first execution. The new execution performs only `on_failure`. */
  failed?: { error: RunError };
}

export interface RunActivities {
  /**
   * Claims the run's row for this execution and performs its first stretch. Returns null when the row does not belong
   * to this execution, because the run was ended, replaced, or claimed by another execution. This execution must then
   * end without any effect.
   */
  claimRun(input: {
    runId: string;
    executionRunId: string;
    /** Set when the execution resumes where an earlier execution stopped. In this case, nothing is performed. */
    resumes?: boolean;
  }): Promise<(Stretched & ClaimResult) | null>;
  /**
   * Carries out steps one after another until one needs Temporal. After the last step of the run, also records the end
   * of the run in its row.
   */
  performStretch(input: StretchInput): Promise<Stretched>;
  /**
   * Performs a provider call as a normal activity. If the step failed permanently, throws a non-retryable failure with
   * `Failed` in its details. In histories of version 0.1.0, `Failed` is the result instead.
   */
  performStep(input: StepInput): Promise<StepOutcome>;
  /** Records a failure that no attempt was able to record. A step that has ended in the meantime keeps its outcome. */
  failStep(input: StepInput & { error: RunError }): Promise<StepOutcome>;
  /** Writes recorded steps when no other activity will write them. */
  writeNotes(input: { runId: string; journal: StepRecord[] }): Promise<void>;
  /** Stores the failure of a run before `on_failure` begins. Returns false when the run had already ended. */
  noteRunFailed(input: { runId: string; endedBy?: EndedBy; error: RunError; journal: StepRecord[] }): Promise<boolean>;
  /** Writes the end of the run. Returns false when its row had already ended. */
  finishRun(input: {
    runId: string;
    status: 'success' | 'failed' | 'cancelled';
    endedBy?: EndedBy;
    error?: RunError;
    journal: StepRecord[];
  }): Promise<boolean>;
}
