/** The statuses of a step. `pending`, `running` and `waiting` may still change; the others are final. */
export type StepStatus = 'pending' | 'running' | 'waiting' | 'success' | 'failed' | 'skipped' | 'cancelled';

/** A failure, in the form that is used in rows, in the API and in `run.error`. */
export interface RunError {
  code: string;
  message: string;
  path?: string;
  actionId?: string;
  /** HTTP status of the response, if any. */
  status?: number;
}

/** Why a run ended before its last step. */
export interface EndedBy {
  kind: 'condition' | 'stop' | 'cancel' | 'replaced' | 'temporal';
  path?: string;
  reason?: string;
}

/** The state of a step that is not written in a separate transaction. The next activity of the run writes it. */
export interface StepRecord {
  path: string;
  actionId: string | null;
  kind: string;
  action: string | null;
  status: StepStatus;
  result?: unknown;
  error?: RunError;
}
