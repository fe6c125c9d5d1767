import type { Condition } from '../definition/condition';
import { assertNever, messageOf } from '../errors';
import type { Scope } from '../expressions/evaluate';
import { allHold, anyHolds, doesNotHold } from './combine';
import type { ConditionContext } from './condition-context';
import { expressionHolds } from './expression';
import { numericStateHolds } from './numeric-state';
import { stateHolds } from './state';
import { timeHolds } from './time';
import { triggerHolds } from './trigger';
import { errs, fails, HOLDS, type Verdict } from './verdict';

/**
 * Evaluates a condition to true, false or an error, as Home Assistant does. `and` is false if a part is false, and `or`
 * is true if a part is true, even if another part is an error. The negation of an error is an error. Never throws. The
 * same cause always gives the same reason, so that repeated outcomes can be counted as one.
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
  if (Array.isArray(condition)) return allHold(condition, scope, context, evaluateCondition);
  if ('and' in condition) return allHold(condition.and, scope, context, evaluateCondition);
  if ('or' in condition) return anyHolds(condition.or, scope, context, evaluateCondition);
  if ('not' in condition) return doesNotHold(condition.not, scope, context, evaluateCondition);
  if ('time' in condition) return timeHolds(condition, context.now, context.timezone);
  if ('trigger' in condition) return triggerHolds(condition, scope);
  if ('numeric_state' in condition) return numericStateHolds(condition, scope, context);
  if ('state' in condition) return stateHolds(condition, scope, context);
  return assertNever(condition);
}
