import type { VariablesAction } from '../../domain/definition/action';
import { FermataError } from '../../domain/errors';
import { VARIABLES_LIMIT_BYTES } from '../../domain/run/limits';
import type { EvaluateKind } from './evaluated';

/** Sets variables of the run; a later definition may use the earlier value. */
export const renderStepVariables: EvaluateKind = async ({ action }, scope, { evaluator }, tx) => {
  const rendered = await evaluator.renderVariables(tx, (action as VariablesAction).variables, scope);
  if ('error' in rendered) throw new FermataError('expression_error', rendered.error);
  const variables = { ...scope.variables, ...rendered.variables };
  if (Buffer.byteLength(JSON.stringify(variables)) > VARIABLES_LIMIT_BYTES) {
    throw new FermataError(
      'limit_exceeded',
      `All variables of a run together: at most ${VARIABLES_LIMIT_BYTES / 1024} KB.`,
    );
  }
  return { evaluation: { type: 'variables', variables }, status: 'success', result: rendered.variables };
};
