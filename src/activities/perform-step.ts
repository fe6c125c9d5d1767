import { ApplicationFailure, Context } from '@temporalio/activity';
import type { StepOutcome, StepInput } from '../domain/run/activities';
import type { Action } from '../integrations/contract';
import type { Carry } from './carried-state';
import type { ActivityDeps } from './deps';
import { lacksFilters, leaveToOtherWorker } from './leave-to-other';
import { performCall } from './perform-call';
import { performTransaction } from './perform-transaction';
import { isPreceded, type PrecedingWrite } from './preceding-write';
import { stepOf, type ActionStepOfRun, type LastStep } from './step';

/** What the steps of a stretch share. */
interface Within {
  last?: LastStep | undefined;
  carry?: Carry | undefined;
  preceding?: PrecedingWrite | undefined;
}

/** Returns whether an action may be prepared before what precedes it has been written. */
const mayBePrepared = (action: Action | undefined, preceding: PrecedingWrite | undefined): boolean =>
  action?.execution === 'call' &&
  !(preceding?.mayBeRead && (action.prepare !== undefined || action.consumes !== undefined));

/** Gives the step the state that the previous step has left. */
function takeOver(step: ActionStepOfRun, carry: Carry): void {
  if (carry.state) step.state = carry.state;
  carry.state = null;
  step.carry = carry;
}

/**
 * Returns the function that performs an action as part of a stretch. It renders the configuration, makes the call or
 * writes to the tables, and stores the outcome.
 */
export function createPerformStep(deps: ActivityDeps): (input: StepInput, within?: Within) => Promise<StepOutcome> {
  return async (input, { last, carry, preceding } = {}) => {
    const source = await deps.sourceOf(input.runId);
    const lacking = deps.filtersLacking(source.definition);
    if (lacking.length > 0) throw lacksFilters(lacking);
    const step = stepOf(source, input) as ActionStepOfRun;
    if (last?.path === input.path) step.last = last;
    if (carry) takeOver(step, carry);
    const action: Action | undefined = deps.registry.action(step.action.action);
    if (preceding) step.preceding = preceding;
    if (!mayBePrepared(action, preceding) && !(await isPreceded(preceding))) return { type: 'closed' };
    if (!action) return leaveToOtherWorker(deps, step, Context.current());
    const started = performance.now();
    const result =
      action.execution === 'transaction'
        ? await performTransaction(deps, step, action)
        : await performCall(deps, step, action, Context.current());
    // If the step did not succeed, the transaction that would have ended the run was rolled back.
    if (last && result.type !== 'done') last.ended = false;
    if (result.type === 'done' || result.type === 'failed') {
      const outcome = result.type === 'done' ? 'success' : 'failed';
      deps.onAction(step.action.action, outcome, (performance.now() - started) / 1000);
    }
    return result;
  };
}

/**
 * Creates the activity that performs one action with retries. When the step has failed permanently, the activity throws
 * a failure whose type is the error's code. The failure is non-retryable, because Temporal's retry policy for these
 * activities has no limit.
 */
export function createCallStep(deps: ActivityDeps): (input: StepInput) => Promise<StepOutcome> {
  const performStep = createPerformStep(deps);
  return async (input) => {
    const outcome = await performStep(input);
    if (outcome.type !== 'failed') return outcome;
    const { code, message } = outcome.error;
    throw ApplicationFailure.create({ message, type: code, nonRetryable: true, details: [outcome] });
  };
}
