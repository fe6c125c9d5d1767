import type { Budget } from '../budget';

/**
 * What a filter receives in addition to its input and arguments: the time of the evaluation, and the budget for its
 * work.
 */
export interface FilterContext extends Budget {
  /**
   * The current time, which does not change during an evaluation. It is `now` of the options, otherwise `now` of the
   * scope; undefined when neither is set.
   */
  readonly now: Date | undefined;
}

/**
 * A filter `input | name(args…)`. It must be synchronous and must not change its input. The cost of reading the text
 * and lists in the input has already been charged. The filter charges further work through `context.spend`.
 */
export type FilterFunction = (input: unknown, args: readonly unknown[], context: FilterContext) => unknown;

export interface FilterDefinition {
  readonly description: string;
  readonly apply: FilterFunction;
}
