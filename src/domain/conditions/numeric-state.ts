import type { NumericStateCondition } from '../definition/condition';
import type { Scope } from '../expressions/evaluate';
import { numericValue } from '../expressions/numeric';
import type { ConditionContext } from './condition-context';
import { valueOfExpression } from './expression';
import { fails, HOLDS, type Verdict } from './verdict';

/**
 * Returns whether a number is strictly between bounds. Null, missing values and non-numeric text never match and are
 * not an error. A reason contains the expression but not its value, so that consecutive evaluations with the same
 * reason share one row.
 * @throws ExpressionError
 */
export function numericStateHolds(
  { numeric_state }: NumericStateCondition,
  scope: Scope,
  context: ConditionContext,
): Verdict {
  const { value, above, below } = numeric_state;
  const number = numericValue(typeof value === 'number' ? value : valueOfExpression(value, scope, context));
  const name = String(value).trim();
  if (number === undefined) return fails(`numeric_state: "${name}" is not a number`);
  if (above !== undefined && !(number > above)) return fails(`numeric_state: "${name}" is not above ${above}`);
  if (below !== undefined && !(number < below)) return fails(`numeric_state: "${name}" is not below ${below}`);
  return HOLDS;
}
