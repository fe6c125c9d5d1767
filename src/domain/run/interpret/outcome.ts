import type { EndedBy, RunError } from '../step-record';

/** Unwinds to the end of the run: a `stop`, a false `condition`. */
export class RunEnded extends Error {
  override readonly name = 'RunEnded';

  constructor(
    readonly endedBy: EndedBy,
    readonly error?: RunError,
  ) {
    super(endedBy.reason ?? endedBy.kind);
  }
}

/** The run's row was closed by someone else: unwinds and writes nothing more. */
export class RunClosed extends Error {
  override readonly name = 'RunClosed';
}

/** A step failed for good; its row is written. `continue_on_error` swallows exactly this. */
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
