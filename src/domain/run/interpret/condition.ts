import { evaluate, show } from './around';
import type { StepKind } from './kind';
import { RunEnded } from './outcome';

/** Interprets `condition`. If it is false, the whole run ends as a success, and the reason is stored. */
export const condition: StepKind<'condition'> = {
  plan: (_step, base) => ({ ...base, kind: 'condition' }),
  *run(context, node, path) {
    const result = yield* evaluate(context, node, path, 'condition');
    if (result === null) return;
    yield* show(context, node, path, 'success', result.holds ? 'holds' : result.reason);
    if (!result.holds) throw new RunEnded({ kind: 'condition', path, reason: result.reason });
  },
};
