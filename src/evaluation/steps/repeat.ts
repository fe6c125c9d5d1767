import type { RepeatAction } from '../../domain/definition/action';
import { countOf, listOf } from '../../domain/run/loop-bounds';
import { shortText } from '../../domain/run/short-text';
import type { EvaluateKind } from './evaluated';

/**
 * Evaluates `repeat`. When the loop begins, determines the number of iterations. For `while` and `until`, each later
 * call has the number of an iteration and decides whether the loop continues. An error in this decision ends the loop
 * and is recorded.
 */
export const evaluateRepeat: EvaluateKind = async ({ action, input }, scope, { evaluator }, tx) => {
  const { repeat } = action as RepeatAction;
  if ('count' in repeat) {
    const { count } = repeat;
    const total = typeof count === 'number' ? count : countOf(await evaluator.value(tx, count, scope));
    return { evaluation: { type: 'repeat', total }, status: 'running' };
  }
  if ('for_each' in repeat) {
    const items = listOf(await evaluator.value(tx, repeat.for_each, scope));
    return { evaluation: { type: 'repeat', total: items.length, items }, status: 'running' };
  }
  const { iteration } = input;
  if (iteration === undefined) return { evaluation: { type: 'repeat' }, status: 'running' };
  const trace = await evaluator.explain(tx, 'while' in repeat ? repeat.while : repeat.until, scope);
  const goesOn = trace.value === 'while' in repeat;
  const problem = trace.value === 'error' ? { problem: shortText(trace.reason ?? 'error') } : {};
  return {
    evaluation: { type: 'repeat', iteration, goesOn, ...problem },
    status: 'running',
    trace: { conditions: [{ iteration, ...trace }] },
  };
};
