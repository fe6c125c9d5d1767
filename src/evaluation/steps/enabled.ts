import type { Executor } from '../../db/executor';
import { FermataError } from '../../domain/errors';
import type { Evaluator, ExpressionContext } from '../evaluator';
import type { EvaluatedStep } from './evaluated';

/**
 * Returns whether `enabled` is true, and stores its trace in the step.
 * @throws {FermataError} when it cannot be evaluated
 */
export async function isEnabled(
  db: Executor,
  { evaluator }: { evaluator: Evaluator },
  step: Pick<EvaluatedStep, 'action' | 'enabled'>,
  scope: ExpressionContext,
): Promise<boolean> {
  const { enabled } = step.action;
  if (typeof enabled === 'boolean') return enabled;
  step.enabled = await evaluator.explain(db, enabled, scope);
  const { value, reason } = step.enabled;
  if (value === 'error') throw new FermataError('expression_error', `enabled: ${reason ?? ''}`);
  return value;
}
