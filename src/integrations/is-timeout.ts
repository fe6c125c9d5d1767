/**
 * Returns whether a signal was aborted because time is up (`AbortSignal.timeout`), and not because a run was cancelled
 * or a worker stops.
 */
export const isTimeout = ({ aborted, reason }: AbortSignal): boolean =>
  aborted && (Object(reason) as { name?: unknown }).name === 'TimeoutError';
