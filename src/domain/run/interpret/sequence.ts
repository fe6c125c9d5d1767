import type { SequenceAction } from '../../definition/action';
import { around, enter } from './around';
import type { StepKind } from './kind';

/** Interprets `sequence`, a named group of steps. */
export const sequence: StepKind<'sequence', SequenceAction> = {
  plan: (step, base, { planList }) => ({ ...base, kind: 'sequence', sequence: planList(step.sequence) }),
  *run(context, node, path) {
    if (!(yield* enter(context, node, path))) return;
    yield* around(context, node, path, () => context.runList(context, node.sequence, `${path}.sequence`));
  },
};
