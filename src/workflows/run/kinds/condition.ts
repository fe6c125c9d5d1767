import { evaluate } from '../evaluate';
import type { KindHandler } from '../kind';
import { RunEnded } from '../outcome';

/** False ends the whole run as a success, with the reason kept. */
export const condition: KindHandler<'condition'> = async (run, node, path, { behind }) => {
  const result = await evaluate(run, node, path, { behind });
  if (result?.type !== 'condition') return;
  run.show(path, node, 'success', result.holds ? 'holds' : result.reason);
  if (!result.holds) throw new RunEnded({ kind: 'condition', path, reason: result.reason });
};
