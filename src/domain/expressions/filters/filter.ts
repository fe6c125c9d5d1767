import type { Budget } from '../budget';

/** What a filter may use besides its input: the instant of this evaluation, and the budget its work is charged to. */
export interface FilterContext extends Budget {
  /** The same instant for the whole evaluation; undefined when the caller gave none. */
  readonly now: Date | undefined;
}

/**
 * `input | name(args…)`: pure and synchronous, does not change its input. The length of texts and lists that go in is
 * charged already; work beyond that is charged by the filter through `context.spend`.
 */
export type FilterFunction = (input: unknown, args: readonly unknown[], context: FilterContext) => unknown;

export interface FilterDefinition {
  readonly description: string;
  readonly apply: FilterFunction;
}
