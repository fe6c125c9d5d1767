import type { NodeOf } from '../plan';
import { evaluate, show } from './around';
import type { Steps } from './command';
import type { Context, StepKind } from './kind';

/**
 * Interprets `wait_until` and `wait_for_trigger`: evaluates the wait, pauses until it is woken or until time alone may
 * have changed its value, and evaluates it again. The evaluation decides whether a wake or the timeout comes first.
 */
function* wait(context: Context, node: NodeOf<'wait_until' | 'wait_for_trigger'>, path: string): Steps {
  for (;;) {
    const seen = yield* evaluate(context, node, path, 'wait');
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
