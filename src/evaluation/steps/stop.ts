import type { StopAction } from '../../domain/definition/action';
import { outsideReference } from '../../domain/definition/secret-references';
import { FermataError } from '../../domain/errors';
import { stopReason } from '../../domain/run/stop-reason';
import type { EvaluateKind } from './evaluated';

/** Renders the reason of a `stop`. A template that cannot be evaluated fails the step. */
export const renderStopReason: EvaluateKind = async ({ action }, scope, { evaluator }, tx) => {
  const { reason } = (action as StopAction).stop;
  if (!reason.includes('{{')) return { evaluation: { type: 'enabled' }, status: 'running' };
  const outside = outsideReference(reason, 'stop.reason');
  if (outside !== undefined) throw new FermataError('secret_outside', outside);
  const rendered = stopReason(await evaluator.render(tx, reason, scope));
  return { evaluation: { type: 'stop', reason: rendered }, status: 'running' };
};
