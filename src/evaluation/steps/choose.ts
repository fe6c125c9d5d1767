import type { ConditionTrace } from '../../domain/conditions/trace-condition';
import type { ChooseAction } from '../../domain/definition/action';
import type { EvaluateKind } from './evaluated';

/**
 * Evaluates `choose`: finds the first branch whose `when` is true. A `when` that fails counts as false, and the failure
 * is recorded.
 */
export const chooseBranch: EvaluateKind = async ({ action }, scope, { evaluator }, tx) => {
  const { choose, else: otherwise } = action as ChooseAction;
  const errors: { branch: number; error: string }[] = [];
  const conditions: ({ branch: number } & ConditionTrace)[] = [];
  let index: number | 'else' | null = otherwise.length > 0 ? 'else' : null;
  for (const [branch, { when }] of choose.entries()) {
    const trace = await evaluator.explain(tx, when, scope);
    const { value, reason } = trace;
    conditions.push({ branch, ...trace });
    if (value === 'error') errors.push({ branch, error: reason ?? '' });
    if (value !== true) continue;
    index = branch;
    break;
  }
  return {
    evaluation: { type: 'branch', index },
    status: 'running',
    result: { branch: index, ...(errors.length > 0 ? { errors } : {}) },
    trace: { conditions },
  };
};
