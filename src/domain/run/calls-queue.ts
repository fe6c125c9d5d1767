/** Task queue of calls to slow origins: they wait for each other there, and for nobody else. */
export const callsQueueOf = (taskQueue: string): string => `${taskQueue}-calls`;
