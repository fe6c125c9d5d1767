import type { KindHandler } from '../kind';
import { around, evaluate } from '../evaluate';

/** The first branch whose `when` holds, else `else`, else on to the next step. */
export const choose: KindHandler<'choose'> = async (run, node, path, steps) => {
  const result = await evaluate(run, node, path);
  if (result?.type !== 'branch') return;
  const { index } = result;
  run.show(path, node, 'running', describe(index));
  await around(run, node, path, async () => {
    if (index === 'else') await steps.runList(run, node.otherwise, `${path}.else`);
    else if (index !== null) await steps.runList(run, node.branches[index] ?? [], `${path}.choose[${index}].sequence`);
  });
};

const describe = (index: number | 'else' | null): string =>
  index === null ? 'no branch holds' : index === 'else' ? 'else' : `branch ${index}`;
