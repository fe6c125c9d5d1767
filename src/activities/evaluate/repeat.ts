import type { RepeatAction } from '../../domain/definition/action';
import { FermataError } from '../../domain/errors';
import type { EvaluateKind } from './evaluated';

const MOST_COUNT = 10_000;
const MOST_ITEMS = 10_000;
const MOST_BYTES = 1_048_576;

/**
 * How often a loop goes round, fixed when it begins; or for `while` and `until`, asked with an iteration, whether it goes
 * on. An error there ends the loop and is recorded.
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
  const problem = trace.value === 'error' ? { problem: trace.reason ?? 'error' } : {};
  return {
    evaluation: { type: 'repeat', iteration, goesOn, ...problem },
    status: 'running',
    trace: { conditions: [{ iteration, ...trace }] },
  };
};

function countOf(value: unknown): number {
  const count = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= MOST_COUNT) return count;
  throw new FermataError(
    'expression_error',
    `count: expected a whole number from 0 to ${MOST_COUNT}, got ${JSON.stringify(value) ?? 'nothing'}`,
  );
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) {
    const type = value === null ? 'null' : value === undefined ? 'nothing' : typeof value;
    throw new FermataError('expression_error', `for_each: expected a list, got ${type}`);
  }
  if (value.length > MOST_ITEMS || Buffer.byteLength(JSON.stringify(value)) > MOST_BYTES) {
    throw new FermataError('limit_exceeded', `for_each: at most ${MOST_ITEMS} items and 1 MB together.`);
  }
  return value as unknown[];
}
