/** Input of `runAutomation`. Versioned, since executions of older code may still be open. */
export interface RunInput {
  v: 1;
  runId: string;
}

/** Result of `runAutomation`, for the Web UI; the row is the truth. */
export interface RunResult {
  /** `dropped`: the row was not for this execution any more, nothing was done. */
  status: 'success' | 'failed' | 'dropped';
  endedBy?: { kind: string; path?: string; reason?: string };
}

/** Memo of a run's execution: how others tell whose execution holds a workflow id. */
export interface RunMemo {
  fermataRunId: string;
}
