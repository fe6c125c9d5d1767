/** Statuses of a step that its execution may still change. */
export type StepStatus = 'pending' | 'running' | 'waiting' | 'success' | 'failed' | 'skipped' | 'cancelled';

/** A failure, in the form of rows, the API and `run.error`. */
export interface RunError {
  code: string;
  message: string;
  path?: string;
  actionId?: string;
  /** HTTP status of the answer, if any. */
  status?: number;
}

/** Why a run ended before its last step. */
export interface EndedBy {
  kind: 'condition' | 'stop' | 'cancel' | 'replaced' | 'temporal';
  path?: string;
  reason?: string;
}

/** A step whose row does not need a separate transaction: the next activity of the run writes it. */
export interface StepRecord {
  path: string;
  actionId: string | null;
  kind: string;
  action: string | null;
  status: StepStatus;
  result?: unknown;
  error?: RunError;
}
