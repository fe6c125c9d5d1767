import type { NodeOf } from '../plan';
import { evaluate, show } from './around';
import type { Steps } from './command';
import type { Context, StepKind } from './kind';
import { StepFailed } from './outcome';

type WaitNode = NodeOf<'wait_until' | 'wait_for_trigger'>;

/** Evaluates a wait. Its result is in the scope of the next steps, also if the wait fails because of its timeout. */
function* evaluateWait(context: Context, node: WaitNode, path: string) {
  try {
    return yield* evaluate(context, node, path, 'wait');
  } catch (error) {
    if (error instanceof StepFailed && error.error.code === 'wait_timeout') context.branch.wait = path;
    throw error;
  }
}

/**
 * Interprets `wait_until` and `wait_for_trigger`: evaluates the wait, pauses until it is woken or until time alone may
 * have changed its value, and evaluates it again. The evaluation decides whether a wake or the timeout comes first.
 */
function* wait(context: Context, node: WaitNode, path: string): Steps {
  for (;;) {
    const seen = yield* evaluateWait(context, node, path);
    if (seen === null) return;
    if (seen.over) {
      context.branch.wait = path;
      return yield* show(context, node, path, 'success', seen.completed ? undefined : 'timed out');
    }
    yield* show(context, node, path, 'waiting', seen.note);
    const instants = [seen.recheckAt, seen.timeoutAt].filter((at) => at !== null);
    const until = instants.length === 0 ? null : Math.min(...instants);
    yield { type: 'wait', node, path, until, ms: seen.ms, note: seen.note };
  }
}

export const waitUntil: StepKind<'wait_until'> = {
  plan: (_step, base) => ({ ...base, kind: 'wait_until' }),
  run: wait,
};

export const waitForTrigger: StepKind<'wait_for_trigger'> = {
  plan: (_step, base) => ({ ...base, kind: 'wait_for_trigger' }),
  run: wait,
};
