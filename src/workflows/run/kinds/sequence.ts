import { around, enter } from '../evaluate';
import type { KindHandler } from '../kind';

/** A named group of steps. */
export const sequence: KindHandler<'sequence'> = async (run, node, path, steps) => {
  if (!(await enter(run, node, path))) return;
  await around(run, node, path, () => steps.runList(run, node.sequence, `${path}.sequence`));
};
