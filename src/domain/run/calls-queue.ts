const SUFFIX = '-calls';

/** Task queue of calls to origins that are slow or take many slots: they wait for each other there, and for nobody else. */
export const callsQueueOf = (taskQueue: string): string => `${taskQueue}${SUFFIX}`;

/** Whether a task queue is one of calls. */
export const isCallsQueue = (taskQueue: string): boolean => taskQueue.endsWith(SUFFIX);
