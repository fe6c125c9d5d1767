import type { Condition, NumericStateCondition } from '../definition/condition';
import { messageOf } from '../errors';
import { evaluate, type Scope } from '../expressions/evaluate';
import { ownValue } from '../expressions/plain-data';
import { parseBareExpression } from '../expressions/template';
import { truthy } from '../expressions/truthy';
import { numericStateHolds } from './numeric-state';
import { stateHolds, type PredicateNeed } from './state';
import { timeHolds } from './time';
import { errs, fails, HOLDS, type Verdict } from './verdict';

/** What an evaluation needs besides the scope. */
export interface ConditionContext {
  now: Date;
  /** For `time` without one of its own. */
  timezone: string;
  /** Since when a predicate has held without a gap; null = not now, or not known. Read beforehand (`conditionNeeds`). */
  predicateSince: (need: PredicateNeed) => Date | null;
}

/**
 * Evaluates a condition, three-valued as in Home Assistant: a false beats an error in `and`, a true beats an error in
 * `or`, `not` of an error is an error. Never throws.
 */
export function evaluateCondition(condition: Condition, scope: Scope, context: ConditionContext): Verdict {
  try {
    return evaluateForm(condition, scope, context);
  } catch (error) {
    return errs(messageOf(error));
  }
}

function evaluateForm(condition: Condition, scope: Scope, context: ConditionContext): Verdict {
  if (typeof condition === 'boolean') return condition ? HOLDS : fails('The condition is false');
  if (typeof condition === 'string') return expressionHolds(condition, scope, context);
  if (Array.isArray(condition)) return all(condition, scope, context);
  if ('and' in condition) return all(condition.and, scope, context);
  if ('or' in condition) return any(condition.or, scope, context);
  if ('not' in condition) return not(evaluateCondition(condition.not, scope, context));
  if ('time' in condition) return timeHolds(condition.time, context.now, context.timezone);
  if ('trigger' in condition) return triggerHolds(condition.trigger, scope);
  if ('numeric_state' in condition) {
    return numericStateHolds(condition.numeric_state, numericOperand(condition, scope, context));
  }
  return stateHolds(condition.state, context.now, {
    state: (kind, id) => ownValue(ownValue(scope['state'], kind), id),
    since: context.predicateSince,
    render: (template) => evaluate(parseBareExpression(template).expression, scope, { now: context.now }),
  });
}

function expressionHolds(source: string, scope: Scope, { now }: ConditionContext): Verdict {
  const value = evaluate(parseBareExpression(source).expression, scope, { now });
  return truthy(value) ? HOLDS : fails(`"${source}" does not hold`);
}

function all(conditions: readonly Condition[], scope: Scope, context: ConditionContext): Verdict {
  const verdicts = conditions.map((condition) => evaluateCondition(condition, scope, context));
  return verdicts.find(({ value }) => value === false) ?? verdicts.find(({ value }) => value === 'error') ?? HOLDS;
}

function any(conditions: readonly Condition[], scope: Scope, context: ConditionContext): Verdict {
  const verdicts = conditions.map((condition) => evaluateCondition(condition, scope, context));
  if (verdicts.some(({ value }) => value === true)) return HOLDS;
  const error = verdicts.find(({ value }) => value === 'error');
  return error ?? fails(`None holds: ${verdicts.map(({ reason }) => reason ?? '').join('; ')}`);
}

function not(verdict: Verdict): Verdict {
  if (verdict.value === 'error') return verdict;
  return verdict.value ? fails('What must not hold, holds') : HOLDS;
}

function triggerHolds(wanted: string | string[], scope: Scope): Verdict {
  const id = ownValue(scope['trigger'], 'id');
  const ids = Array.isArray(wanted) ? wanted : [wanted];
  if (typeof id === 'string' && ids.includes(id)) return HOLDS;
  return fails(`The run was started by ${typeof id === 'string' ? `"${id}"` : 'no trigger'}`);
}

function numericOperand({ numeric_state: { value } }: NumericStateCondition, scope: Scope, { now }: ConditionContext) {
  return typeof value === 'number' ? value : evaluate(parseBareExpression(value).expression, scope, { now });
}
