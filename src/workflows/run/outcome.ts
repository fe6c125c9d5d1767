/** Thrown when the history is long. The run then continues from a snapshot in a new execution. */
export class ContinueLater extends Error {
  override readonly name = 'ContinueLater';
}
