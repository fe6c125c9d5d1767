/** Maximum total number of bytes of a run's variables as JSON. */
const VARIABLES_LIMIT_BYTES = 256 * 1024;

/**
 * Returns a message if the variables of a run are too large, otherwise undefined. Usable in activities and workflows.
 */
export function variablesProblem(variables: Record<string, unknown>): string | undefined {
  const text = JSON.stringify(variables);
  // A UTF-16 unit has at most 3 bytes in UTF-8, so most texts pass without being encoded.
  if (text.length * 3 <= VARIABLES_LIMIT_BYTES) return undefined;
  if (new TextEncoder().encode(text).length <= VARIABLES_LIMIT_BYTES) return undefined;
  return `The variables of a run may have at most ${VARIABLES_LIMIT_BYTES / 1024} KB in total.`;
}

/** Maximum length of a chain of runs that cause each other. A longer chain is stopped as a loop. */
export const MAX_DEPTH = 20;
