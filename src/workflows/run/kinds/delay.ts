import { evaluate } from '../evaluate';
import type { KindHandler } from '../kind';

/** Waits until an instant fixed when the step started, so that a restart does not start it anew. */
export const delay: KindHandler<'delay'> = async (run, node, path) => {
  const result = await evaluate(run, node, path);
  if (result?.type !== 'delay') return;
  const until = `until ${new Date(result.until).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  run.show(path, node, 'waiting', until);
  // Always a timer, also for no time at all: a replay finds another instant here than the first execution when a branch beside
  // this one had its activity end later, and the commands have to be the same.
  await run.pause(Math.max(1, result.until - Date.now()), `${node.label} ${until}`);
  run.note(path, node, 'success');
};
