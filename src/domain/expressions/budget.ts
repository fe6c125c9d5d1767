import { ExpressionError } from './error';

/** Longest text and largest value that an evaluation or a rendering may give, in bytes. */
export const MAX_RESULT = 1_048_576;
/** Deepest data that is walked: copied, compared or written as JSON. */
export const MAX_DATA_DEPTH = 200;

/** What work on data is charged to. One step is about one node evaluated, one item touched or 64 characters read. */
export interface Budget {
  /** Takes steps away. @throws ExpressionError when none are left */
  spend(steps: number): void;
  /** @throws ExpressionError at the place that is being evaluated */
  fail(problem: string): never;
}

/** For callers outside an evaluation, whose data is bounded already. */
export const unbounded: Budget = {
  spend: () => undefined,
  fail: (problem) => {
    throw new ExpressionError(problem, '', 0);
  },
};

/** Steps that opening a list or an object costs, besides its items. */
export const CONTAINER_COST = 6;

/** Steps that reading a text of this length costs. */
export function textCost(length: number): number {
  return 1 + (length >> 6);
}
