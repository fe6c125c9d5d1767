/** All variables of a run together, as JSON. */
const VARIABLES_LIMIT_BYTES = 256 * 1024;

/** What is wrong with the size of a run's variables; undefined = nothing. For activities and for workflows. */
export function variablesProblem(variables: Record<string, unknown>): string | undefined {
  const text = JSON.stringify(variables);
  // A UTF-16 unit has at most 3 bytes: most texts pass without a copy.
  if (text.length * 3 <= VARIABLES_LIMIT_BYTES) return undefined;
  if (new TextEncoder().encode(text).length <= VARIABLES_LIMIT_BYTES) return undefined;
  return `All variables of a run together: at most ${VARIABLES_LIMIT_BYTES / 1024} KB.`;
}

/** Longest chain of runs that cause each other before it is cut as a loop. */
export const MAX_DEPTH = 20;
