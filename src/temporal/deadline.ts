/** Returns the deadline of a call to Temporal that begins now and may take `ms` milliseconds. */
export const deadlineIn = (ms: number): number => Date.now() + ms;
