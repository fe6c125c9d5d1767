import { differences, type Difference } from './compare';
import { seenCalls, seenEntities, seenEvaluations, seenRuns, type SeenRun, type SeenStep } from './observe';
import type { Stage } from './stage';
import type { Expectation } from './test-file';

type RunExpectation = NonNullable<Expectation['runs']>[number];
type StepExpectation = NonNullable<RunExpectation['steps']>[number];

/** Returns the differences between the expected and the actual state. Their paths refer to the test file. */
export async function check(
  stage: Stage,
  expected: Expectation,
  place: string,
  automations: ReadonlyMap<string, string>,
): Promise<Difference[]> {
  const found: Difference[] = [];
  const runs = await seenRuns(stage, automations);
  if (expected.runs) found.push(...checkRuns(expected.runs, runs, `${place}.runs`));
  if (expected.calls) {
    const calls = seenCalls(stage, runs);
    const path = `${place}.calls`;
    if (calls.length === expected.calls.length) found.push(...differences(expected.calls, calls, path));
    else found.push({ path, expected: counted(expected.calls.length, 'call'), found: listed(calls, 'call') });
  }
  if (expected.evaluations) {
    const evaluations = await seenEvaluations(stage, automations);
    const shown = evaluations.map(({ automation, triggerId, contextKey, outcome, detail, count }) => ({
      ...{ automation, triggerId, contextKey, outcome, detail, count },
    }));
    found.push(...checkEach(expected.evaluations, shown, `${place}.evaluations`, 'evaluation'));
  }
  for (const [index, { kind, id, state, absent }] of (expected.entities ?? []).entries()) {
    const path = `${place}.entities[${index}]`;
    const entities = (await seenEntities(stage, kind)).filter((entity) => id === undefined || entity.id === id);
    const states = entities.map((entity) => ({ id: entity.id, state: entity.state }));
    if (absent) {
      if (states.length > 0) found.push({ path, expected: 'no such entity', found: listed(states, 'entity') });
    } else found.push(...nearest(state === undefined ? {} : { state }, states, path, 'entity'));
  }
  return found;
}

function checkRuns(expected: readonly RunExpectation[], runs: readonly SeenRun[], path: string): Difference[] {
  if (expected.length !== runs.length) {
    const shown = runs.map(({ automation, status, triggerId, contextKey }) => ({
      ...{ automation, status, triggerId, contextKey },
    }));
    return [{ path, expected: counted(expected.length, 'run'), found: listed(shown, 'run') }];
  }
  return expected.flatMap(({ steps = [], ...wanted }, index) => {
    const run = runs[index] as SeenRun;
    const at = `${path}[${index}]`;
    return [
      ...differences(wanted, run, at),
      ...steps.flatMap((step, number) => checkStep(step, run, `${at}.steps[${number}]`)),
    ];
  });
}

/** Checks an expected step. A step in a loop occurs several times, and one occurrence must match. */
function checkStep(expected: StepExpectation, run: SeenRun, path: string): Difference[] {
  const { id, path: place, ...wanted } = expected;
  const steps = run.steps.filter((step) => (id === undefined ? step.path === place : step.id === id));
  if (steps.length > 0) return nearest(wanted, steps, path, 'step');
  const done = run.steps.map((step: SeenStep) => `${step.id ?? step.path} ${String(step['status'])}`);
  return [{ path, expected: `a step ${id ?? place ?? ''}`, found: done.length === 0 ? 'no steps' : done.join(', ') }];
}

function checkEach(
  expected: readonly Record<string, unknown>[],
  found: readonly Record<string, unknown>[],
  path: string,
  word: string,
): Difference[] {
  if (expected.length === 0 && found.length > 0) {
    return [{ path, expected: counted(0, word), found: listed(found, word) }];
  }
  return expected.flatMap((one, index) => nearest(one, found, `${path}[${index}]`, word));
}

/**
 * Returns no differences if a candidate matches. Otherwise, returns the differences from the only candidate. If there
 * are several candidates, returns one difference that lists them. If there are none, returns one difference that says
 * so.
 */
function nearest(
  expected: Record<string, unknown>,
  candidates: readonly Record<string, unknown>[],
  path: string,
  word: string,
): Difference[] {
  const all = candidates.map((candidate) => differences(expected, candidate, path));
  const best = all.reduce<Difference[] | undefined>(
    (least, one) => (least === undefined || one.length < least.length ? one : least),
    undefined,
  );
  if (best === undefined) return [{ path, expected: `a matching ${word}`, found: `no ${word} at all` }];
  if (best.length === 0 || candidates.length === 1) return best;
  return [{ path, expected, found: listed(candidates, word) }];
}

function counted(count: number, word: string): string {
  if (count === 0) return `no ${word}s`;
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function listed(items: readonly unknown[], word: string): string {
  if (items.length === 0) return counted(0, word);
  return `${counted(items.length, word)}:${items.map((item) => `\n${JSON.stringify(item)}`).join('')}`;
}
