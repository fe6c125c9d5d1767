import type { ConditionAction } from '../../domain/definition/action';
import { FermataError } from '../../domain/errors';
import { shortText } from '../../domain/run/short-text';
import type { EvaluateKind } from './evaluated';

/** Decides whether the run continues. Throws when the condition cannot be evaluated, which fails the step. */
export const checkCondition: EvaluateKind = async ({ action }, scope, { evaluator }, tx) => {
  const trace = await evaluator.explain(tx, (action as ConditionAction).condition, scope);
  const { value } = trace;
  const reason = shortText(trace.reason ?? '');
  if (value === 'error') throw new FermataError('expression_error', reason);
  return {
    evaluation: { type: 'condition', holds: value, reason },
    status: 'success',
    result: { holds: value, ...(value ? {} : { reason }) },
    trace: { conditions: [trace] },
  };
};
