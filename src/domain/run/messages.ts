import type { EndedBy, RunError, StepRecord, StepStatus } from './step-record';

/** Types of the workflow of a run: the present one, and that of older releases. */
export const RUN_WORKFLOW_TYPES = ['automation', 'runAutomation'] as const;

/** Condition of visibility queries on the executions of runs. */
export const IS_RUN = `WorkflowType IN (${RUN_WORKFLOW_TYPES.map((type) => `'${type}'`).join(', ')})`;

/** Input of the workflow of a run. Versioned, since executions of older code may still be open. */
export interface RunInput {
  v: 1;
  runId: string;
  /** Set when the previous execution has continued as new. */
  resume?: Resume;
  /** Events of a history after which an execution continues as new; absent = the default. For tests. */
  continueAfter?: number;
  /** Name of the activity that claims the run and performs its first steps; absent = unknown. */
  first?: string;
}

/** The position at which an execution stopped, between two steps; the next execution continues from there. */
export interface Resume {
  /** Next step of each list in progress, and iteration of each `repeat`, by path. */
  positions: Record<string, number>;
  /** Variables of the run ('') and, where they differ from those, of branches of `parallel`, by path. */
  variables: Record<string, Record<string, unknown>>;
  /** Branches of `parallel` that have ended, by path, with their failure. */
  finished: Record<string, { error?: RunError }>;
  /** Path of the last wait, by branch. */
  waits: Record<string, string>;
  /** Failure of the run, when `on_failure` was in progress. */
  failed?: { endedBy?: EndedBy; error: RunError };
  journal: StepRecord[];
  /** Lines of the step list in the Web UI. */
  details: [path: string, line: { label: string; status: StepStatus; note: string }][];
  /**
   * Iterations in that list that are not shown one by one, by the path of their loop; absent in executions of older
   * releases.
   */
  folded?: [loop: string, ranges: [first: number, last: number][]][];
}

/** Result of the workflow of a run, for the Web UI; the row is authoritative. */
export interface RunResult {
  /** `dropped`: the row belonged to another execution, and this one did nothing. */
  status: 'success' | 'failed' | 'dropped';
  endedBy?: { kind: string; path?: string; reason?: string };
}

/** Payload of the signal `wake`; an execution of another run ignores it. */
export interface WakeSignal {
  runId: string;
  path: string;
}

/** Payload of the signal `evaluateWaits`; an execution of another run ignores it. */
export interface EvaluateWaitsSignal {
  runId: string;
}

/** Memo of an execution: names the run that holds the workflow id. */
export interface RunMemo {
  fermataRunId: string;
}
