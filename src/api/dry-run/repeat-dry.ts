import type { RepeatAction } from '../../domain/definition/action';
import type { ConditionTrace } from '../../domain/conditions/trace-condition';
import { countOf, listOf } from '../../domain/run/loop-bounds';
import { DryEnd, type DryResult, type Simulation } from './simulation';

/** Iterations of one loop that a dry run shows: what they wait for never happens in it. */
const MOST_ITERATIONS = 10;

/** A loop, cut after some iterations; what it would have come to is in its result. */
export function repeatDry(run: Simulation, { repeat }: RepeatAction, path: string): DryResult {
  const result: Record<string, unknown> = { iterations: 0 };
  const conditions: ({ iteration: number } & ConditionTrace)[] = [];
  const children = async () => {
    const outer = run.repeat;
    try {
      await iterate(run, repeat, path, result, conditions);
    } finally {
      run.repeat = outer;
    }
  };
  return { result, trace: { conditions }, children };
}

async function iterate(
  run: Simulation,
  repeat: RepeatAction['repeat'],
  path: string,
  result: Record<string, unknown>,
  conditions: ({ iteration: number } & ConditionTrace)[],
): Promise<void> {
  const { evaluator, db } = run.deps;
  const valueOf = (written: number | string) =>
    typeof written === 'number' ? written : evaluator.value(db, written, run.scope());
  const items = 'for_each' in repeat ? listOf(await valueOf(repeat.for_each)) : undefined;
  const count = 'count' in repeat ? countOf(await valueOf(repeat.count)) : items?.length;
  const total = Math.min(count ?? Infinity, repeat.max_iterations);
  if (count !== undefined) result['count'] = count;
  const ask = async (condition: ConditionTrace, iteration: number) => {
    conditions.push({ iteration, ...condition });
    return condition.value;
  };
  for (let index = 0; index < total; index += 1) {
    if (index >= MOST_ITERATIONS) {
      result['cut'] = `only the first ${MOST_ITERATIONS} iterations are shown`;
      return;
    }
    const last = count === undefined ? undefined : index === count - 1;
    run.repeat = {
      index,
      first: index === 0,
      ...(last === undefined ? {} : { last }),
      ...(items && { item: items[index] }),
    };
    if ('while' in repeat && (await ask(await run.explain(repeat.while), index)) !== true) return;
    try {
      await run.runList(repeat.sequence, `${path}.repeat[${index}].sequence`);
    } catch (error) {
      // A false condition ends its iteration only.
      if (!(error instanceof DryEnd) || error.endedBy.kind !== 'condition') throw error;
    }
    result['iterations'] = index + 1;
    // An error ends the loop, too.
    if ('until' in repeat && (await ask(await run.explain(repeat.until), index)) !== false) return;
  }
}
