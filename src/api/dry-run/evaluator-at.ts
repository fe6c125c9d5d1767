import type { Evaluator, ExpressionContext } from '../../evaluation/evaluator';

/**
 * Returns an evaluator whose clock always returns the same instant. State is still read live, not as of that instant.
 */
export function evaluatorAt(evaluator: Evaluator, now: Date): Evaluator {
  const at = (scope: ExpressionContext): ExpressionContext => ({ ...scope, now });
  return {
    condition: (db, condition, scope) => evaluator.condition(db, condition, at(scope)),
    readCondition: (db, condition, scope, more) => evaluator.readCondition(db, condition, at(scope), more),
    explain: (db, condition, scope) => evaluator.explain(db, condition, at(scope)),
    render: (db, value, scope) => evaluator.render(db, value, at(scope)),
    value: (db, expression, scope) => evaluator.value(db, expression, at(scope)),
    renderDuration: (db, template, scope) => evaluator.renderDuration(db, template, at(scope)),
    renderVariables: (db, variables, scope) => evaluator.renderVariables(db, variables, at(scope)),
  };
}
