import { Context } from '@temporalio/activity';
import type { ProviderAction } from '../domain/definition/action';
import { FermataError } from '../domain/errors';
import type { Performance, StepInput } from '../domain/run/activities';
import type { Action } from '../integrations/contract';
import type { ActivityDeps } from './deps';
import { performCall } from './perform-call';
import { performTransaction } from './perform-transaction';
import { stepOf, type Step } from './step';

/** A step of kind `action` with the registered action it names. */
export interface ActionStepOfRun extends Step {
  action: ProviderAction;
}

/** Performs a provider action: renders, calls or writes, and persists in one activity. */
export function createPerformStep(deps: ActivityDeps): (input: StepInput) => Promise<Performance> {
  return async (input) => {
    const step = stepOf(await deps.sourceOf(input.runId), input) as ActionStepOfRun;
    const action: Action | undefined = deps.registry.action(step.action.action);
    if (!action) throw new FermataError('unknown_action', `There is no action ${step.action.action}.`);
    const started = performance.now();
    const result =
      action.execution === 'transaction'
        ? await performTransaction(deps, step, action)
        : await performCall(deps, step, action, Context.current());
    if (result.type === 'done' || result.type === 'failed') {
      const outcome = result.type === 'done' ? 'success' : 'failed';
      deps.onAction(step.action.action, outcome, (performance.now() - started) / 1000);
    }
    return result;
  };
}
