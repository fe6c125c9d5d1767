const SUFFIX = '-calls';

/**
 * Returns the task queue for calls to origins that are slow or use many slots. The queue is separate so that these
 * calls do not delay other calls.
 */
export const callsQueueOf = (taskQueue: string): string => `${taskQueue}${SUFFIX}`;

/** Returns whether a task queue is a queue for calls (`callsQueueOf`). */
export const isCallsQueue = (taskQueue: string): boolean => taskQueue.endsWith(SUFFIX);
