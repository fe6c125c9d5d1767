import { evaluate } from '../evaluate';
import type { KindHandler } from '../kind';

/** Waits until an instant fixed when the step started, so that a restart does not start it anew. */
export const delay: KindHandler<'delay'> = async (run, node, path) => {
  const result = await evaluate(run, node, path);
  if (result?.type !== 'delay') return;
  const until = `until ${new Date(result.until).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  run.show(path, node, 'waiting', until);
  const left = result.until - Date.now();
  if (left > 0) await run.pause(left, `${node.label} ${until}`);
  run.note(path, node, 'success');
};
