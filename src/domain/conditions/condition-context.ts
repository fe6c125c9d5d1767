import type { Condition } from '../definition/condition';
import type { Scope, SharedSteps } from '../expressions/evaluate';
import type { FilterRegistry } from '../expressions/filter-registry';
import type { Verdict } from './verdict';

/**
 * The requirement that a field of an entity equals one of several values. This is the general form of a `state`
 * condition.
 */
export interface PredicateNeed {
  kind: string;
  id: string;
  field: string;
  values: readonly unknown[];
}

/** The inputs of an evaluation, apart from the scope. */
export interface ConditionContext {
  now: Date;
  /** Time zone of `time` conditions that do not name one. */
  timezone: string;
  /** Default: the built-in filters. */
  filters?: FilterRegistry;
  /**
   * Budget of evaluation steps that all expressions of the condition share. Default: a separate budget for each
   * expression.
   */
  shared?: SharedSteps;
  /**
   * Returns the time since which a predicate has held without a gap, or null when it does not hold now or the time is
   * unknown. The times are read before the evaluation (`conditionNeeds`).
   */
  predicateSince: (need: PredicateNeed) => Date | null;
}

/** Evaluates a condition inside another condition. */
export type EvaluateNested = (condition: Condition, scope: Scope, context: ConditionContext) => Verdict;
