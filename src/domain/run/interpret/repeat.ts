import type { RepeatAction } from '../../definition/action';
import { around, cancelBelow, evaluate, show } from './around';
import type { Steps } from './command';
import type { StepKind } from './kind';
import { begunAt, endOf, iterationAt, scopeOf, resultAtEnd, type Loop, type LoopResult } from './loop';
import { RunEnded } from './outcome';
import { runSideBySide } from './side-by-side';

const FORMS = ['count', 'for_each', 'while', 'until'] as const;

/**
 * Interprets `repeat`: performs steps a number of times, for each item (several at a time if requested), while a
 * condition is true, or until a condition is true. There are at most `max_iterations` iterations.
 */
export const repeat: StepKind<'repeat', RepeatAction> = {
  plan: (step, base, { planList }) => ({
    ...base,
    kind: 'repeat',
    form: FORMS.find((form) => form in step.repeat) ?? 'count',
    maxIterations: step.repeat.max_iterations,
    ...('for_each' in step.repeat && step.repeat.parallel !== undefined && { parallel: step.repeat.parallel }),
    sequence: planList(step.repeat.sequence),
  }),
  *run(context, node, path) {
    const decided = yield* evaluate(context, node, path, 'repeat');
    if (decided === null) return;
    const { branch, progress } = context;
    const outer = branch.repeat;
    const { total, items, most = Infinity } = decided;
    yield* around(context, node, path, function* () {
      try {
        const loop = { context, node, path, total, items, most };
        return yield* node.parallel === undefined ? iterate(loop) : runSideBySide(loop, node.parallel);
      } finally {
        branch.repeat = outer;
      }
    });
    progress.leave(path);
  },
};

function* iterate(loop: Loop): Steps<LoopResult> {
  const { context, node, path, total } = loop;
  const { branch, progress } = context;
  const end = endOf(loop);
  for (let index = progress.position(path); index < end; index += 1) {
    progress.reach(path, index);
    branch.repeat = scopeOf(loop, index);
    // An execution that continues in the middle of an iteration does not decide again whether to begin it.
    if (node.form === 'while' && progress.position(begunAt(path)) <= index) {
      const { goesOn, problem } = yield* decide(loop, index);
      if (!goesOn) return resultAfter(index, problem);
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
      if (!goesOn) return resultAfter(index + 1, problem);
    }
  }
  return resultAtEnd(end, loop);
}

/** Returns the key under which the number of completed iterations is stored. */
const doneAt = (path: string): string => `${path}.done`;

const resultAfter = (iterations: number, error: string | undefined): LoopResult => ({
  iterations,
  ...(error === undefined ? {} : { error }),
});

/** Runs one iteration. A false `condition` in it ends only this iteration. */
function* runIteration({ context, node, path }: Loop, index: number): Steps {
  const place = iterationAt(path, index);
  try {
    yield* context.runList(context, node.sequence, `${place}.sequence`);
  } catch (error) {
    if (!(error instanceof RunEnded) || error.endedBy.kind !== 'condition') throw error;
    yield* cancelBelow(context, place);
    context.progress.leave(place);
  }
}

/** Returns whether a `while` or `until` continues. An error ends the loop and is recorded. */
function* decide(
  { context, node, path }: Loop,
  iteration: number,
): Steps<{ goesOn: boolean; problem: string | undefined }> {
  const answer = yield* evaluate(context, node, path, 'repeat', iteration);
  return { goesOn: answer?.goesOn ?? false, problem: answer?.problem };
}
