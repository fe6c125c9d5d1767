import { evaluate, show } from './around';
import type { StepKind } from './kind';

/**
 * Interprets `variables`: sets variables of the run. The evaluation returns all variables of the branch, not only those
 * that were set.
 */
export const variables: StepKind<'variables'> = {
  plan: (_step, base) => ({ ...base, kind: 'variables' }),
  *run(context, node, path) {
    const result = yield* evaluate(context, node, path, 'variables');
    if (result === null) return;
    context.branch.variables = result.variables;
    yield* show(context, node, path, 'success');
  },
};
