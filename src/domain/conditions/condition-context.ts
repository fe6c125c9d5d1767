import type { Condition } from '../definition/condition';
import type { Scope, SharedSteps } from '../expressions/evaluate';
import type { FilterRegistry } from '../expressions/filter-registry';
import type { Verdict } from './verdict';

/**
 * The requirement that an entity field equals one of several values. Every `state` condition can be expressed in this
 * form.
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
  /** Time zone of `time` conditions that do not specify a time zone. */
  timezone: string;
  /** Default: the built-in filters. */
  filters?: FilterRegistry;
  /**
   * Budget of evaluation steps, shared by all expressions of the condition. Default: a separate budget for each
   * expression.
   */
  shared?: SharedSteps;
  /**
   * Returns since when a predicate has held without interruption, or null when it does not hold now or the time is
   * unknown. The times are loaded before the evaluation (`conditionNeeds`).
   */
  predicateSince: (need: PredicateNeed) => Date | null;
}

/** Evaluates a condition that is nested in another condition. */
export type EvaluateNested = (condition: Condition, scope: Scope, context: ConditionContext) => Verdict;
