import { evaluate, type Scope } from '../expressions/evaluate';
import { isTemplate, parseBareExpression, renderTemplate } from '../expressions/template';
import { truthy } from '../expressions/truthy';
import type { ConditionContext } from './condition-context';
import { fails, HOLDS, type Verdict } from './verdict';

/** Value of a bare expression. @throws ExpressionError */
export function valueOfExpression(source: string, scope: Scope, { now, filters }: ConditionContext): unknown {
  return evaluate(parseBareExpression(source).expression, scope, { now, ...(filters && { filters }) });
}

/** The same for a field that takes a template, too. @throws ExpressionError */
export function valueOfExpressionOrTemplate(source: string, scope: Scope, context: ConditionContext): unknown {
  if (!isTemplate(source)) return valueOfExpression(source, scope, context);
  const { now, filters } = context;
  return renderTemplate(source, scope, { now, ...(filters && { filters }) });
}

/** Whether an expression's value counts as true. @throws ExpressionError */
export function expressionHolds(source: string, scope: Scope, context: ConditionContext): Verdict {
  return truthy(valueOfExpression(source, scope, context)) ? HOLDS : fails(`"${source.trim()}" does not hold`);
}
