import { ExpressionError } from './error';

/** Maximum size, in bytes, of the result of an evaluation or a rendering. */
export const MAX_RESULT = 1_048_576;
/** Maximum depth of data that is copied, compared or written as JSON. */
export const MAX_DATA_DEPTH = 200;

/** Limits the work on data. One step is about one evaluated node, one visited item or 64 characters. */
export interface Budget {
  /**
   * Consumes steps.
   * @throws ExpressionError when none are left
   */
  spend(steps: number): void;
  /**
   * Throws an error that refers to the part that is being evaluated.
   * @throws ExpressionError always
   */
  fail(problem: string): never;
}

/** A budget without limits. Used outside evaluations, where the size of the data is already limited. */
export const unbounded: Budget = {
  spend: () => undefined,
  fail: (problem) => {
    throw new ExpressionError(problem, '', 0);
  },
};

/** Number of steps that reading a list or an object costs, not counting its items. */
export const CONTAINER_COST = 6;

/** Returns the number of steps that reading text of this length costs. */
export function textCost(length: number): number {
  return 1 + (length >> 6);
}
