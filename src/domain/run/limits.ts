/** All variables of a run together, as JSON. */
export const VARIABLES_LIMIT_BYTES = 256 * 1024;

/** Longest chain of runs that cause each other before it is cut as a loop. */
export const MAX_DEPTH = 20;
