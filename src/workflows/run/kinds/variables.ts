import { evaluate } from '../evaluate';
import type { KindHandler } from '../kind';

/** Sets variables of the run; the activity answers with all of them. */
export const variables: KindHandler<'variables'> = async (run, node, path, { behind }) => {
  const result = await evaluate(run, node, path, { behind });
  if (result?.type !== 'variables') return;
  run.variables = result.variables;
  run.show(path, node, 'success');
};
