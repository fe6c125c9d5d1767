import { evaluate, show } from './around';
import type { StepKind } from './kind';
import { RunEnded } from './outcome';

/** False ends the whole run as a success, with the reason kept. */
export const condition: StepKind<'condition'> = {
  plan: (_step, base) => ({ ...base, kind: 'condition' }),
  *run(context, node, path) {
    const result = yield* evaluate(context, node, path, 'condition');
    if (result === null) return;
    yield* show(context, node, path, 'success', result.holds ? 'holds' : result.reason);
    if (!result.holds) throw new RunEnded({ kind: 'condition', path, reason: result.reason });
  },
};
