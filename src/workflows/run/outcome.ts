/** The history is long: the run goes on in a new execution, from a snapshot. */
export class ContinueLater extends Error {
  override readonly name = 'ContinueLater';
}
