import type { PlanNode, RetryPlan } from './plan';
import type { EndedBy, RunError, StepRecord } from './step-record';
import type { Stretch } from './stretch';

/** What every step activity gets; everything else it reads from Postgres. */
export interface StepInput {
  runId: string;
  path: string;
  variables: Record<string, unknown>;
  repeat: Record<string, unknown> | null;
  /** Of a `repeat` that asks whether it goes on: which iteration is about to begin (`while`) or has ended (`until`). */
  iteration?: number;
  /** Place of the last wait before this step: what it came to is in scope. */
  wait?: string;
  /** In `on_failure`: what the run failed with. */
  error?: RunError;
  /** Steps noted since the last activity, to be written with this one. */
  journal: StepRecord[];
}

/** The run's row has ended: nothing more may happen. */
export interface Closed {
  type: 'closed';
}

export interface Skipped {
  type: 'skipped';
}

/** The step failed for good; its row says so. */
export interface Failed {
  type: 'failed';
  error: RunError;
}

/** What evaluating a step of ours gave, by kind. */
export type Evaluation =
  | Closed
  | Skipped
  | Failed
  | { type: 'enabled' }
  | { type: 'branch'; index: number | 'else' | null }
  | { type: 'condition'; holds: boolean; reason: string }
  | { type: 'variables'; variables: Record<string, unknown> }
  | { type: 'delay'; until: number }
  /** A wait that goes on, with the instants (ms since 1970) to look again at and to give up at; or that is over. */
  | { type: 'wait'; over: false; note: string; recheckAt: number | null; timeoutAt: number | null }
  | { type: 'wait'; over: true; completed: boolean }
  /** `total` and `items` of a counted loop; `goesOn` of one that is asked at each iteration. */
  | { type: 'repeat'; total?: number; items?: unknown[]; iteration?: number; goesOn?: boolean; problem?: string };

/** What performing an action gave. `handover`: a normal activity takes over, after a pause when a failure asks for one. */
export type Performance =
  | Closed
  | Skipped
  | Failed
  | { type: 'done' }
  | { type: 'handover'; attempts: number; delayMs: number; timeoutMs: number; retry: RetryPlan };

/** What a stretch of steps gave. */
export interface Performed {
  /** In the order of the steps; shorter than the stretch when the workflow has to look before it goes on. */
  performances: Performance[];
  /** All went well and it was the last stretch: the run's row has ended as a success. */
  ended: boolean;
}

/** What an execution is told when it has claimed its run. */
export interface Claimed {
  plan: PlanNode[];
  onFailure?: PlanNode[];
  variables: Record<string, unknown>;
  /** Branches go on one after another when their activities end at once. Executions that began before that was so have none. */
  inTurn?: boolean;
}

export interface RunActivities {
  /**
   * Claims the run's row for this execution and performs the first stretch of its steps; null = not ours, end without
   * a trace.
   */
  claimRun(input: {
    runId: string;
    executionRunId: string;
    /** The execution goes on where an earlier one stopped: nothing is performed ahead. */
    resumes?: boolean;
  }): Promise<(Performed & Claimed) | null>;
  /** When the step lets the run go on, the stretch `behind` it is performed in the same go; `then` is what that gave. */
  evaluateStep(input: StepInput & { behind?: Stretch }): Promise<Evaluation & { then?: Performed }>;
  /** Performs consecutive steps; after the last of the run it writes its end too. */
  performStretch(input: Omit<StepInput, 'path'> & { stretch: Stretch }): Promise<Performed>;
  /** One provider call as a normal activity. */
  performStep(input: StepInput): Promise<Performance>;
  /** Records a failure that no attempt could record itself, e.g. because every worker that tried it died. */
  failStep(input: StepInput & { error: RunError }): Promise<Closed | Failed>;
  /** Writes steps that were noted, when no other activity is about to take them along. */
  writeNotes(input: { runId: string; journal: StepRecord[] }): Promise<void>;
  /** Notes on the run's row what it failed with, before `on_failure`. False: it had ended before. */
  noteRunFailed(input: { runId: string; endedBy?: EndedBy; error: RunError; journal: StepRecord[] }): Promise<boolean>;
  /** Writes how the run ended. False: its row had ended before. */
  finishRun(input: {
    runId: string;
    status: 'success' | 'failed' | 'cancelled';
    endedBy?: EndedBy;
    error?: RunError;
    journal: StepRecord[];
  }): Promise<boolean>;
}
