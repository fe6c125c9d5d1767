import type { EndedBy, RunError, StepRecord, StepStatus } from './step-record';

/** Workflow types of runs: the current type, and the type that older releases used. */
export const RUN_WORKFLOW_TYPES = ['automation', 'runAutomation'] as const;

/** Condition that selects the executions of runs in visibility queries. */
export const IS_RUN = `WorkflowType IN (${RUN_WORKFLOW_TYPES.map((type) => `'${type}'`).join(', ')})`;

/** Input of a run's workflow. It has a version, because executions that older code started may still be open. */
export interface RunInput {
  v: 1;
  runId: string;
  /** Set when the previous execution has continued as new. */
  resume?: Resume;
  /**
   * Number of events in a history after which an execution continues as new; absent = the default. Set only in tests.
   */
  continueAfter?: number;
  /** Name of the activity that claims the run and performs its first steps; absent = unknown. */
  first?: string;
}

/** The position between two steps at which an execution stopped. The next execution continues from there. */
export interface Resume {
  /**
   * By path: the next step of each list in progress, and the iteration of each `repeat`, with the numbers of iterations
   * that have begun and ended (`<path>.begun`, `<path>.done`).
   */
  positions: Record<string, number>;
  /**
   * By path: the variables of the run ('') and, where they differ from these, of branches. A branch is an entry of a
   * `parallel`, or an iteration of a loop with `parallel`.
   */
  variables: Record<string, Record<string, unknown>>;
  /** By path: the branches that have ended, with their failures. */
  finished: Record<string, { error?: RunError }>;
  /** By branch: the path of the last wait. */
  waits: Record<string, string>;
  /** Failure of the run. Set if `on_failure` was in progress. */
  failed?: { endedBy?: EndedBy; error: RunError };
  journal: StepRecord[];
  /** Lines of the step list in the Web UI. */
  details: [path: string, line: { label: string; status: StepStatus; note: string }][];
  /**
   * Iterations that `details` does not show individually, by the path of their loop; absent in executions of older
   * releases.
   */
  folded?: [loop: string, ranges: [first: number, last: number][]][];
}

/** Result of a run's workflow, which the Web UI shows. The row is authoritative. */
export interface RunResult {
  /** `dropped`: the row belonged to another execution, so this execution did nothing. */
  status: 'success' | 'failed' | 'dropped';
  endedBy?: { kind: string; path?: string; reason?: string };
}

/** Payload of the signal `wake`. An execution of another run ignores it. */
export interface WakeSignal {
  runId: string;
  path: string;
}

/** Payload of the signal `evaluateWaits`. An execution of another run ignores it. */
export interface EvaluateWaitsSignal {
  runId: string;
}

/** Memo of an execution. Contains the id of the run that holds the workflow id. */
export interface RunMemo {
  fermataRunId: string;
}
