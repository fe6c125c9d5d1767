/** Thrown when the history is long: the run continues from a snapshot in a new execution. */
export class ContinueLater extends Error {
  override readonly name = 'ContinueLater';
}
