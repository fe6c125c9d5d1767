import type { VariablesAction } from '../../domain/definition/action';
import { FermataError } from '../../domain/errors';
import { variablesProblem } from '../../domain/run/limits';
import type { EvaluateKind } from './evaluated';

/**
 * Renders the variables that a step sets. Later variables may use the values of earlier variables.
 * @throws {FermataError} `expression_error`, `secret_outside` or `limit_exceeded`
 */
export const renderStepVariables: EvaluateKind = async ({ action }, scope, { evaluator }, tx) => {
  const rendered = await evaluator.renderVariables(tx, (action as VariablesAction).variables, scope);
  if ('error' in rendered) throw new FermataError(rendered.code, rendered.error);
  const variables = { ...scope.variables, ...rendered.variables };
  const problem = variablesProblem(variables);
  if (problem !== undefined) throw new FermataError('limit_exceeded', problem);
  return { evaluation: { type: 'variables', variables }, status: 'success', result: rendered.variables };
};
