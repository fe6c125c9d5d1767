import { evaluate, type EvaluateOptions, type Scope } from '../expressions/evaluate';
import { isTemplate, parseBareExpression, renderTemplate } from '../expressions/template';
import { truthy } from '../expressions/truthy';
import type { ConditionContext } from './condition-context';
import { fails, HOLDS, type Verdict } from './verdict';

/** Returns the options for evaluating an expression of a condition. */
export const optionsOf = ({ now, filters, shared }: ConditionContext): EvaluateOptions => ({
  ...{ now, ...(filters && { filters }), ...(shared && { shared }) },
});

/**
 * Returns the value of a bare expression.
 * @throws ExpressionError
 */
export function valueOfExpression(source: string, scope: Scope, context: ConditionContext): unknown {
  return evaluate(parseBareExpression(source).expression, scope, optionsOf(context));
}

/**
 * Returns the value of an expression, for a field that also accepts a template.
 * @throws ExpressionError
 */
export function valueOfExpressionOrTemplate(source: string, scope: Scope, context: ConditionContext): unknown {
  if (!isTemplate(source)) return valueOfExpression(source, scope, context);
  return renderTemplate(source, scope, optionsOf(context));
}

/**
 * Returns whether an expression's value counts as true.
 * @throws ExpressionError
 */
export function expressionHolds(source: string, scope: Scope, context: ConditionContext): Verdict {
  return truthy(valueOfExpression(source, scope, context)) ? HOLDS : fails(`"${source.trim()}" does not hold`);
}
