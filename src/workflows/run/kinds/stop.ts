import { evaluate } from '../evaluate';
import type { KindHandler } from '../kind';
import { RunEnded } from '../outcome';

/** Ends the whole run from any depth: as a success, or with `error: true` as a failure that nothing swallows. */
export const stop: KindHandler<'stop'> = async (run, node, path) => {
  if (node.enabled === 'evaluate' && (await evaluate(run, node, path)) === null) return;
  run.note(path, node, 'success', { result: { reason: node.reason } });
  const endedBy = { kind: 'stop' as const, path, reason: node.reason };
  if (!node.error) throw new RunEnded(endedBy);
  throw new RunEnded(endedBy, {
    code: 'stopped',
    message: node.reason,
    path,
    ...(node.id === null ? {} : { actionId: node.id }),
  });
};
