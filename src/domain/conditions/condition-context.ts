import type { Condition } from '../definition/condition';
import type { Scope, SharedSteps } from '../expressions/evaluate';
import type { FilterRegistry } from '../expressions/filter-registry';
import type { Verdict } from './verdict';

/** A requirement that a field of an entity equals one of some values: the general form of a `state` condition. */
export interface PredicateNeed {
  kind: string;
  id: string;
  field: string;
  values: readonly unknown[];
}

/** The inputs of an evaluation, besides the scope. */
export interface ConditionContext {
  now: Date;
  /** Time zone of `time` conditions that name none. */
  timezone: string;
  /** Default: the built-in filters. */
  filters?: FilterRegistry;
  /** Steps that all expressions of the condition share. */
  shared?: SharedSteps;
  /**
   * Since when a predicate has held without a gap; null = it does not hold now, or this is unknown. Read beforehand
   * (`conditionNeeds`).
   */
  predicateSince: (need: PredicateNeed) => Date | null;
}

/** Evaluates the conditions inside another one. */
export type EvaluateNested = (condition: Condition, scope: Scope, context: ConditionContext) => Verdict;
