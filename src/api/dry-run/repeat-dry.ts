import type { RepeatAction } from '../../domain/definition/action';
import type { ConditionTrace } from '../../domain/conditions/trace-condition';
import { countOf, listOf } from '../../domain/run/loop-bounds';
import { Lanes } from './lanes';
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
  if (count !== undefined) result['count'] = count;
  const total = Math.min(count ?? Infinity, repeat.max_iterations);
  const shown = Math.min(total, MOST_ITERATIONS);
  const atATime = 'for_each' in repeat ? repeat.parallel : undefined;
  const loop = { run, repeat, path, items, count };
  const ask = async (condition: ConditionTrace, iteration: number) => {
    conditions.push({ iteration, ...condition });
    return condition.value;
  };
  const cut = () => {
    if (total > shown) result['cut'] = `only the first ${MOST_ITERATIONS} iterations are shown`;
  };
  if (atATime !== undefined) {
    cut();
    return iterateBeside(loop, result, shown, atATime);
  }
  for (let index = 0; index < shown; index += 1) {
    run.repeat = scopeAt(loop, index);
    if ('while' in repeat && (await ask(await run.explain(repeat.while), index)) !== true) return;
    await runIteration(loop, index);
    result['iterations'] = index + 1;
    // An error ends the loop, too.
    if ('until' in repeat && (await ask(await run.explain(repeat.until), index)) !== false) return;
  }
  cut();
}

interface DryLoop {
  run: Simulation;
  repeat: RepeatAction['repeat'];
  path: string;
  items: unknown[] | undefined;
  count: number | undefined;
}

/** As if all iterations took the same time: after a failure those that began with it end, and no other begins. */
async function iterateBeside(
  loop: DryLoop,
  result: Record<string, unknown>,
  total: number,
  atATime: number,
): Promise<void> {
  const lanes = new Lanes(loop.run);
  for (let index = 0; index < total; index += 1) {
    if (lanes.failure !== undefined && index % atATime === 0) break;
    loop.run.repeat = scopeAt(loop, index);
    await lanes.lane(() => runIteration(loop, index));
    result['iterations'] = index + 1;
  }
  lanes.end();
}

function scopeAt({ items, count }: DryLoop, index: number): Record<string, unknown> {
  return {
    index,
    first: index === 0,
    ...(count === undefined ? {} : { last: index === count - 1 }),
    ...(items && { item: items[index] }),
  };
}

/** A false condition ends its iteration only. */
async function runIteration({ run, repeat, path }: DryLoop, index: number): Promise<void> {
  try {
    await run.runList(repeat.sequence, `${path}.repeat[${index}].sequence`);
  } catch (error) {
    if (!(error instanceof DryEnd) || error.endedBy.kind !== 'condition') throw error;
  }
}
