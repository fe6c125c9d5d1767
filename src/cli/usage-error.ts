/** Thrown when a command is used incorrectly. The exit code is then 2 instead of 1. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
