/**
 * Returns whether a signal was aborted by a timeout (`AbortSignal.timeout`), rather than because a run was cancelled or
 * a worker is stopping.
 */
export const isTimeout = ({ aborted, reason }: AbortSignal): boolean =>
  aborted && (Object(reason) as { name?: unknown }).name === 'TimeoutError';
