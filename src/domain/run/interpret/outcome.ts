import type { EndedBy, RunError } from '../step-record';

/** Thrown by a `stop` or a false `condition` to unwind to the end of the run. */
export class RunEnded extends Error {
  override readonly name = 'RunEnded';

  constructor(
    readonly endedBy: EndedBy,
    readonly error?: RunError,
  ) {
    super(endedBy.reason ?? endedBy.kind);
  }
}

/** Thrown when the run's row was closed externally. Unwinds the run without further writes. */
export class RunClosed extends Error {
  override readonly name = 'RunClosed';
}

/** Thrown when a step failed permanently. `continue_on_error` ignores only this error. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';

  constructor(readonly error: RunError) {
    super(error.message);
  }
}

/** Thrown into a fiber at its yield when the run or its branch is cancelled. */
export class FiberCancelled extends Error {
  override readonly name = 'FiberCancelled';
}

/** How a run ends according to its steps. */
export interface StepsEnd {
  status: 'success' | 'failed';
  endedBy?: EndedBy;
  error?: RunError;
}

/** Returns the end of a run whose steps threw an error. Rethrows an error that does not represent the end of a run. */
export function endAfter(error: unknown): StepsEnd {
  if (error instanceof StepFailed) return { status: 'failed', error: error.error };
  if (!(error instanceof RunEnded)) throw error;
  if (error.error) return { status: 'failed', endedBy: error.endedBy, error: error.error };
  return { status: 'success', endedBy: error.endedBy };
}
