import type { Budget } from '../budget';

/** Inputs of a filter besides its value: the instant of this evaluation, and the budget of its work. */
export interface FilterContext extends Budget {
  /** The same instant for the whole evaluation; undefined when the caller passed none. */
  readonly now: Date | undefined;
}

/**
 * A filter `input | name(args…)`: pure and synchronous; does not change its input. Reading the input texts and lists is
 * already charged; the filter charges further work through `context.spend`.
 */
export type FilterFunction = (input: unknown, args: readonly unknown[], context: FilterContext) => unknown;

export interface FilterDefinition {
  readonly description: string;
  readonly apply: FilterFunction;
}
