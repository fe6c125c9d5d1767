import type { NodeOf } from '../../../domain/run/plan';
import { evaluate } from '../evaluate';
import type { KindHandler, Steps } from '../kind';
import type { RunState } from '../run-state';

/**
 * `wait_until` and `wait_for_trigger`: looks, sleeps until it is woken or until an instant at which time alone may have
 * changed something, and looks again. Which of wake and timeout wins is told by the look.
 */
async function wait(
  run: RunState,
  node: NodeOf<'wait_until' | 'wait_for_trigger'>,
  path: string,
  { behind }: Steps,
): Promise<void> {
  for (;;) {
    // What wakes it from here on is seen by the look, or asks for another.
    run.forgetWake(path);
    const seen = await evaluate(run, node, path, { behind });
    if (seen?.type !== 'wait') return;
    if (seen.over) {
      run.wait = path;
      return run.show(path, node, 'success', seen.completed ? undefined : 'timed out');
    }
    run.show(path, node, 'waiting', seen.note);
    const instants = [seen.recheckAt, seen.timeoutAt].filter((at) => at !== null);
    await run.untilWoken(path, instants.length === 0 ? null : Math.min(...instants), `${node.label} ${seen.note}`);
  }
}

export const waitUntil: KindHandler<'wait_until'> = wait;
export const waitForTrigger: KindHandler<'wait_for_trigger'> = wait;
