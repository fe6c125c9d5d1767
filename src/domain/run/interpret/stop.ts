import type { StopAction } from '../../definition/action';
import { evaluate, note } from './around';
import type { StepKind } from './kind';
import { RunEnded } from './outcome';

/**
 * Interprets `stop`: ends the whole run from any depth. The run ends as a success, or with `error: true` as a failure
 * that `continue_on_error` does not ignore.
 */
export const stop: StepKind<'stop', StopAction> = {
  plan: (step, base) => ({
    ...{ ...base, kind: 'stop', ...step.stop },
    ...(step.stop.reason.includes('{{') && { template: true }),
  }),
  *run(context, node, path) {
    const evaluated =
      node.enabled === 'evaluate' || node.template
        ? yield* evaluate(context, node, path, node.template ? 'stop' : 'enabled')
        : undefined;
    if (evaluated === null) return;
    const reason = evaluated?.type === 'stop' ? evaluated.reason : node.reason;
    yield* note(context, node, path, 'success', { result: { reason } });
    const endedBy = { kind: 'stop' as const, path, reason };
    if (!node.error) throw new RunEnded(endedBy);
    throw new RunEnded(endedBy, {
      code: 'stopped',
      message: reason,
      path,
      ...(node.id === null ? {} : { actionId: node.id }),
    });
  },
};
