import type { RepeatAction } from '../../definition/action';
import type { RepeatNode } from '../plan';
import { around, cancelBelow, evaluate, show } from './around';
import type { Steps } from './command';
import type { Context, StepKind } from './kind';
import { RunEnded } from './outcome';

/** How a loop ended, kept as the result of its row. */
interface Tally {
  iterations: number;
  warning?: string;
  error?: string;
}

interface Loop {
  context: Context;
  node: RepeatNode;
  path: string;
  /** undefined = decided at each iteration. */
  total: number | undefined;
  items: readonly unknown[] | undefined;
  /** Iterations after which the driver wants the loop to end. */
  most: number;
}

const FORMS = ['count', 'for_each', 'while', 'until'] as const;

/** Again and again: so many times, for each item, while or until a condition holds; at most `max_iterations` times. */
export const repeat: StepKind<'repeat', RepeatAction> = {
  plan: (step, base, { planList }) => ({
    ...base,
    kind: 'repeat',
    form: FORMS.find((form) => form in step.repeat) ?? 'count',
    maxIterations: step.repeat.max_iterations,
    sequence: planList(step.repeat.sequence),
  }),
  *run(context, node, path) {
    const decided = yield* evaluate(context, node, path);
    if (decided?.type !== 'repeat') return;
    const { branch, progress } = context;
    const outer = branch.repeat;
    const { total, items, most = Infinity } = decided;
    yield* around(context, node, path, function* () {
      try {
        return yield* iterate({ context, node, path, total, items, most });
      } finally {
        branch.repeat = outer;
      }
    });
    progress.leave(path);
  },
};

function* iterate(loop: Loop): Steps<Tally> {
  const { context, node, path, total, most } = loop;
  const { branch, progress } = context;
  const end = Math.min(total ?? Infinity, node.maxIterations, most);
  for (let index = progress.position(path); index < end; index += 1) {
    progress.reach(path, index);
    branch.repeat = scopeOf(loop, index);
    // An execution that goes on in the middle of an iteration does not decide again whether to begin it.
    if (node.form === 'while' && progress.position(begunAt(path)) <= index) {
      const { goesOn, problem } = yield* decide(loop, index);
      if (!goesOn) return tally(index, problem);
    }
    progress.reach(begunAt(path), index + 1);
    if (progress.position(doneAt(path)) <= index) {
      yield* show(context, node, path, 'running', `iteration ${index + 1}${total === undefined ? '' : ` of ${total}`}`);
      yield* runIteration(loop, index);
    }
    progress.reach(doneAt(path), index + 1);
    branch.repeat = scopeOf(loop, index);
    if (node.form === 'until') {
      const { goesOn, problem } = yield* decide(loop, index);
      if (!goesOn) return tally(index + 1, problem);
    }
  }
  if (total !== undefined && total <= node.maxIterations) return { iterations: end };
  return { iterations: end, warning: `Ended at max_iterations (${node.maxIterations}).` };
}

/** Where the number of iterations that have begun is kept. */
const begunAt = (path: string): string => `${path}.begun`;
/** Where the number of iterations whose steps are through is kept. */
const doneAt = (path: string): string => `${path}.done`;

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
function* runIteration({ context, node, path }: Loop, index: number): Steps {
  const place = `${path}.repeat[${index}]`;
  try {
    yield* context.runList(context, node.sequence, `${place}.sequence`);
  } catch (error) {
    if (!(error instanceof RunEnded) || error.endedBy.kind !== 'condition') throw error;
    yield* cancelBelow(context, place);
    context.progress.leave(place);
  }
}

/** Whether a `while` or `until` goes on; an error ends the loop and is recorded. */
function* decide(
  { context, node, path }: Loop,
  iteration: number,
): Steps<{ goesOn: boolean; problem: string | undefined }> {
  const answer = yield* evaluate(context, node, path, iteration);
  return answer?.type === 'repeat'
    ? { goesOn: answer.goesOn ?? false, problem: answer.problem }
    : { goesOn: false, problem: undefined };
}
