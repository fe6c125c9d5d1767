import type { EndedBy, RunError } from '../../domain/run/step-record';

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

/** The row has ended without us: unwinds and leaves no trace. */
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

/** The history is long: unwinds at borders between steps, to go on in a new execution. */
export class ContinueLater extends Error {
  override readonly name = 'ContinueLater';
}
