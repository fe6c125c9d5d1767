const SUFFIX = '-calls';

/** Returns the task queue of calls to origins that are slow or use many slots, so that they delay no other calls. */
export const callsQueueOf = (taskQueue: string): string => `${taskQueue}${SUFFIX}`;

/** Returns whether a task queue is one of calls. */
export const isCallsQueue = (taskQueue: string): boolean => taskQueue.endsWith(SUFFIX);
