import { Context } from '@temporalio/activity';
import { outcomesOf } from '../db/runs/outcomes';
import { FermataError } from '../domain/errors';
import type { Performance, Performed, StepInput } from '../domain/run/activities';
import { stepAt } from '../domain/run/step-at';
import { pathsOf, type Stretch } from '../domain/run/stretch';
import type { ActivityDeps } from './deps';
import { endRun } from './end-run';
import { createPerformStep } from './perform-step';

/** After so long the workflow is told what there is so far: a local activity holds its workflow task. */
const BUDGET_MS = 2_000;

type StretchInput = Omit<StepInput, 'path'> & { stretch: Stretch };

/**
 * Performs the steps of a stretch, each in its own transaction as if it were alone, until one of them needs the
 * workflow: it failed, hands over, or the run has ended. Repeated after a crash, finished steps answer with what they
 * were.
 */
export function createPerformStretch(deps: ActivityDeps): (input: StretchInput) => Promise<Performed> {
  const performStep = createPerformStep(deps);
  return async ({ stretch, journal, ...input }) => {
    const started = performance.now();
    const performances: Performance[] = [];
    for (const path of pathsOf(stretch)) {
      if (performances.length > 0 && (performance.now() - started > BUDGET_MS || isCancelled())) {
        return { performances, ended: false };
      }
      const outcome = await performStep({ ...input, path, journal: performances.length === 0 ? journal : [] });
      performances.push(outcome);
      if (outcome.type === 'closed' && performances.length === 1) return endedBefore(deps, input.runId, stretch);
      if (!(await goesOn(deps, input.runId, path, outcome))) return { performances, ended: false };
    }
    if (!stretch.last) return { performances, ended: false };
    const ended = await endRun(deps, { runId: input.runId, status: 'success', journal: [] });
    await deps.failpoint('after-end-before-completion');
    return ended ? { performances, ended } : { performances: [{ type: 'closed' }], ended };
  };
}

/** What the steps were, when this stretch had brought the run to its end before its worker could tell. */
export async function endedBefore({ database }: ActivityDeps, runId: string, stretch: Stretch): Promise<Performed> {
  const closed: Performed = { performances: [{ type: 'closed' }], ended: false };
  if (!stretch.last) return closed;
  const outcomes = await outcomesOf(database.db, runId);
  if (outcomes === null) return closed;
  const performances = pathsOf(stretch).map((path): Performance => {
    const outcome = outcomes.get(path);
    if (outcome?.error) return { type: 'failed', error: outcome.error };
    return outcome?.status === 'skipped' ? { type: 'skipped' } : { type: 'done' };
  });
  return { performances, ended: true };
}

async function goesOn(deps: ActivityDeps, runId: string, path: string, outcome: Performance): Promise<boolean> {
  if (outcome.type === 'done' || outcome.type === 'skipped') return true;
  if (outcome.type !== 'failed') return false;
  const step = stepAt((await deps.sourceOf(runId)).definition, path);
  if (!step) throw new FermataError('not_found', `There is no step ${path}.`);
  return step.continue_on_error;
}

export const isCancelled = (): boolean => Context.current().cancellationSignal.aborted;
