import type { Condition, NumericStateCondition } from '../definition/condition';
import { assertNever } from '../errors';
import { type EarliestChange, earliestChange, earliestOf } from '../expressions/clock';
import type { Scope } from '../expressions/evaluate';
import { parseExpression } from '../expressions/parse';
import { printExpression } from '../expressions/print';
import { parseBareExpression } from '../expressions/template';
import type { Expression } from '../expressions/ast';
import type { ConditionContext } from './condition-context';
import { stateChangesAt } from './state';
import { timeChangesAt } from './time';

/**
 * Converts a `numeric_state` to comparisons, so that the time at which a bound is crossed can be computed. Returns null
 * for a literal number, which never changes.
 */
function comparisonOf({ numeric_state: { value, above, below } }: NumericStateCondition): Expression | null {
  if (typeof value === 'number') return null;
  const operand = `(${printExpression(parseBareExpression(value).expression)})`;
  const bounds = [
    above === undefined ? [] : `${operand} > ${above}`,
    below === undefined ? [] : `${operand} < ${below}`,
  ];
  return parseExpression(bounds.flat().join(' && '));
}

function changeOf(condition: Condition, scope: Scope, context: ConditionContext): EarliestChange {
  const { now, timezone, filters } = context;
  const options = filters ? { filters } : {};
  const earliest = (parts: readonly Condition[]) =>
    earliestOf(
      now,
      parts.map((part) => changeOf(part, scope, context)),
    );
  if (typeof condition === 'boolean') return null;
  if (typeof condition === 'string')
    return earliestChange(parseBareExpression(condition).expression, scope, now, options);
  if (Array.isArray(condition)) return earliest(condition);
  if ('and' in condition) return earliest(condition.and);
  if ('or' in condition) return earliest(condition.or);
  if ('not' in condition) return changeOf(condition.not, scope, context);
  if ('time' in condition) return timeChangesAt(condition, now, timezone);
  if ('trigger' in condition) return null;
  if ('state' in condition) return stateChangesAt(condition, scope, context);
  if ('numeric_state' in condition) {
    const comparison = comparisonOf(condition);
    return comparison === null ? null : earliestChange(comparison, scope, now, options);
  }
  return assertNever(condition);
}

/**
 * Returns the earliest time after `now` at which the value of a condition could change while the scope stays the same.
 * Returns null when it can never change, and `unknown` when the condition must be evaluated again after `RECHECK_MS`.
 * An error in the evaluation counts as `unknown`.
 */
export function earliestConditionChange(condition: Condition, scope: Scope, context: ConditionContext): EarliestChange {
  try {
    return changeOf(condition, scope, context);
  } catch {
    return 'unknown';
  }
}
