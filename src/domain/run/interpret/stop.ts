import type { StopAction } from '../../definition/action';
import { evaluate, note } from './around';
import type { StepKind } from './kind';
import { RunEnded } from './outcome';

/** Ends the whole run from any depth: as a success, or with `error: true` as a failure that nothing swallows. */
export const stop: StepKind<'stop', StopAction> = {
  plan: (step, base) => ({ ...base, kind: 'stop', ...step.stop }),
  *run(context, node, path) {
    if (node.enabled === 'evaluate' && (yield* evaluate(context, node, path)) === null) return;
    yield* note(context, node, path, 'success', { result: { reason: node.reason } });
    const endedBy = { kind: 'stop' as const, path, reason: node.reason };
    if (!node.error) throw new RunEnded(endedBy);
    throw new RunEnded(endedBy, {
      code: 'stopped',
      message: node.reason,
      path,
      ...(node.id === null ? {} : { actionId: node.id }),
    });
  },
};
