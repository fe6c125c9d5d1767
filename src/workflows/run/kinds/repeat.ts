import type { RepeatNode } from '../../../domain/run/plan';
import { around, evaluate } from '../evaluate';
import type { KindHandler, Steps } from '../kind';
import { RunEnded } from '../outcome';
import type { RunState } from '../run-state';

/** What a loop came to, as its row tells. */
interface Tally {
  iterations: number;
  warning?: string;
  error?: string;
}

interface Loop {
  run: RunState;
  node: RepeatNode;
  path: string;
  steps: Steps;
  /** undefined = it is asked at each iteration. */
  total: number | undefined;
  items: readonly unknown[] | undefined;
}

/** Again and again: so many times, for each item, while or until a condition holds; at most `max_iterations` times. */
export const repeat: KindHandler<'repeat'> = async (run, node, path, steps) => {
  const decided = await evaluate(run, node, path);
  if (decided?.type !== 'repeat') return;
  const outer = run.repeat;
  await around(run, node, path, async () => {
    try {
      return await iterate({ run, node, path, steps, total: decided.total, items: decided.items });
    } finally {
      run.repeat = outer;
    }
  });
  run.leave(path);
};

async function iterate(loop: Loop): Promise<Tally> {
  const { run, node, path, total } = loop;
  const end = Math.min(total ?? Infinity, node.maxIterations);
  for (let index = run.position(path); index < end; index += 1) {
    run.reach(path, index);
    run.repeat = scopeOf(loop, index);
    if (node.form === 'while') {
      const { goesOn, problem } = await ask(loop, index);
      if (!goesOn) return tally(index, problem);
    }
    run.show(path, node, 'running', `iteration ${index + 1}${total === undefined ? '' : ` of ${total}`}`);
    await runIteration(loop, index);
    run.repeat = scopeOf(loop, index);
    if (node.form === 'until') {
      const { goesOn, problem } = await ask(loop, index);
      if (!goesOn) return tally(index + 1, problem);
    }
  }
  if (total !== undefined && total <= node.maxIterations) return { iterations: end };
  return { iterations: end, warning: `Ended at max_iterations (${node.maxIterations}).` };
}

const tally = (iterations: number, error: string | undefined): Tally => ({
  iterations,
  ...(error === undefined ? {} : { error }),
});

function scopeOf({ total, items }: Loop, index: number): Record<string, unknown> {
  return {
    index,
    first: index === 0,
    ...(total === undefined ? {} : { last: index === total - 1 }),
    ...(items === undefined ? {} : { item: items[index] }),
  };
}

/** A false `condition` inside ends its iteration only. */
async function runIteration({ run, node, path, steps }: Loop, index: number): Promise<void> {
  const place = `${path}.repeat[${index}]`;
  try {
    await steps.runList(run, node.sequence, `${place}.sequence`);
  } catch (error) {
    if (!(error instanceof RunEnded) || error.endedBy.kind !== 'condition') throw error;
    run.cancelBelow(`${place}.`);
    run.leave(`${place}.`);
  }
}

async function ask({ run, node, path }: Loop, iteration: number): Promise<{ goesOn: boolean; problem?: string }> {
  const answer = await evaluate(run, node, path, { iteration });
  return answer?.type === 'repeat'
    ? { goesOn: answer.goesOn ?? false, ...withProblem(answer.problem) }
    : { goesOn: false };
}

const withProblem = (problem: string | undefined) => (problem === undefined ? {} : { problem });
