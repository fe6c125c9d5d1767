import type { ProviderAction } from '../../definition/action';
import { assertNever } from '../../errors';
import type { Closed, Failed, GaveUp, Handover, StepOutcome } from '../activities';
import type { ActionNode } from '../plan';
import { show } from './around';
import { requestCall, requestFailure, requestOutcome, type Steps } from './command';
import type { Context, StepKind } from './kind';
import { RunClosed, StepFailed } from './outcome';

/**
 * Interprets a provider action. Effects on Fermata's own tables, and short calls, are attempted immediately. If that
 * attempt exceeds its time limit, or fails with a retryable error, a call with retries takes over. A long call is a
 * call with retries from the start.
 */
export const action: StepKind<'action', ProviderAction> = {
  plan: (step, base, { executionOf }) => ({
    ...base,
    kind: 'action',
    action: step.action,
    ...executionOf(step),
    retry: {
      maxAttempts: step.retry.max_attempts,
      initialSeconds: step.retry.initial_seconds,
      factor: step.retry.factor,
      maxSeconds: step.retry.max_seconds,
    },
  }),
  *run(context, node, path) {
    yield* show(context, node, path, 'running');
    // A stretch may have attempted a long call, too: the action is short on a worker of another release.
    const isLong = node.execution === 'long';
    const first = yield* isLong ? requestCall(node, path, null) : requestOutcome(node, path);
    if (first.type !== 'handover') return yield* settle(context, node, path, first);
    if (first.delayMs > 0) {
      yield* show(context, node, path, 'running', `attempt ${first.attempts} failed, trying again`);
      yield { type: 'sleep', node, path, ms: first.delayMs, retry: true };
    }
    yield* settle(context, node, path, yield* call(node, path, first));
  },
};

/**
 * Performs a call. Moves it to the task queue of calls, at most once, when its origin has used up its share of the
 * slots.
 */
function* call(node: ActionNode, path: string, after: Handover): Steps<StepOutcome | GaveUp> {
  const outcome = yield* requestCall(node, path, after);
  return outcome.type === 'handover' && outcome.apart === true ? yield* requestCall(node, path, outcome) : outcome;
}

function* settle(
  context: Context,
  node: ActionNode,
  path: string,
  outcome: StepOutcome | Closed | Failed | GaveUp,
): Steps {
  switch (outcome.type) {
    case 'closed':
      throw new RunClosed();
    case 'failed':
      throw new StepFailed(outcome.error);
    case 'skipped':
      return yield* show(context, node, path, 'skipped');
    case 'done':
      return yield* show(context, node, path, 'success');
    case 'gaveUp': {
      const { code, message } = outcome;
      return yield* settle(context, node, path, yield* requestFailure(node, path, { code, message, path }));
    }
    case 'handover':
      throw new Error('A call with retries cannot hand over');
    default:
      return assertNever(outcome);
  }
}
