import type { Budget } from '../budget';

/** What a filter receives besides its input and arguments: the time of the evaluation, and the budget for its work. */
export interface FilterContext extends Budget {
  /**
   * The time, which is the same for the whole evaluation: `now` of the options, otherwise `now` of the scope; undefined
   * when there is neither.
   */
  readonly now: Date | undefined;
}

/**
 * A filter `input | name(args…)`. It must be synchronous and must not change its input. Reading the input's texts and
 * lists has already been charged; the filter charges further work through `context.spend`.
 */
export type FilterFunction = (input: unknown, args: readonly unknown[], context: FilterContext) => unknown;

export interface FilterDefinition {
  readonly description: string;
  readonly apply: FilterFunction;
}
