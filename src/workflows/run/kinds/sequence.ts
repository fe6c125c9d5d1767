import { around, evaluate } from '../evaluate';
import type { KindHandler } from '../kind';

/** A named group of steps. */
export const sequence: KindHandler<'sequence'> = async (run, node, path, runSteps) => {
  if (node.enabled === 'evaluate') {
    if ((await evaluate(run, node, path)) === null) return;
  } else {
    run.note(path, node, 'running');
  }
  await around(run, node, path, () => runSteps(run, node.sequence, `${path}.sequence`));
};
