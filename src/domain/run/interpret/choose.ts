import type { ChooseAction } from '../../definition/action';
import { around, evaluate, show } from './around';
import type { StepKind } from './kind';

/** Interprets `choose`: performs the first branch whose `when` is true, otherwise `else` if there is one. */
export const choose: StepKind<'choose', ChooseAction> = {
  plan: (step, base, { planList }) => ({
    ...base,
    kind: 'choose',
    branches: step.choose.map(({ sequence }) => planList(sequence)),
    otherwise: planList(step.else),
  }),
  *run(context, node, path) {
    const result = yield* evaluate(context, node, path, 'branch');
    if (result === null) return;
    const { index } = result;
    yield* show(context, node, path, 'running', describe(index));
    yield* around(context, node, path, function* () {
      if (index === 'else') yield* context.runList(context, node.otherwise, `${path}.else`);
      else if (index !== null) {
        yield* context.runList(context, node.branches[index] ?? [], `${path}.choose[${index}].sequence`);
      }
    });
  },
};

const describe = (index: number | 'else' | null): string =>
  index === null ? 'no branch holds' : index === 'else' ? 'else' : `branch ${index}`;
