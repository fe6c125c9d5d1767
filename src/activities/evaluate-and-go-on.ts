import { decidedAt } from '../db/runs/outcomes';
import type { Evaluation, RunActivities, StepInput } from '../domain/run/activities';
import type { Stretch } from '../domain/run/stretch';
import type { ActivityDeps } from './deps';
import { createEvaluateStep } from './evaluate-step';
import { createPerformStretch, endedBefore, isCancelled } from './perform-stretch';

/**
 * Evaluates a step, and when it lets the run go on performs the stretch behind it, with the end of the run if that is next:
 * an activity less between a wake and what was waited for.
 */
export function createEvaluateAndGoOn(deps: ActivityDeps): RunActivities['evaluateStep'] {
  const evaluateStep = createEvaluateStep(deps);
  const performStretch = createPerformStretch(deps);
  return async ({ behind, ...input }) => {
    const evaluation = await evaluateStep(input);
    if (behind === undefined) return evaluation;
    if (evaluation.type === 'closed') return asItWas(deps, input, behind);
    const carried = carriedOn(evaluation, input);
    if (carried === null || isCancelled()) return evaluation;
    const then = await performStretch({ ...input, ...carried, journal: [], stretch: behind });
    // Nothing was there to be performed but the end, and that had come otherwise.
    return behind.count === 0 && !then.ended ? { type: 'closed' } : { ...evaluation, then };
  };
}

/** What the next step sees of this one; null = the run does not simply go on. */
function carriedOn(evaluation: Evaluation, { path }: StepInput): Partial<StepInput> | null {
  switch (evaluation.type) {
    case 'skipped':
      return {};
    case 'variables':
      return { variables: evaluation.variables };
    case 'condition':
      return evaluation.holds ? {} : null;
    case 'wait':
      return evaluation.over ? { wait: path } : null;
    default:
      return null;
  }
}

/** What it had come to, when this activity had brought the run to its end before its worker could tell. */
async function asItWas(
  deps: ActivityDeps,
  { runId, path }: StepInput,
  behind: Stretch,
): ReturnType<RunActivities['evaluateStep']> {
  const then = await endedBefore(deps, runId, behind);
  const decided = then.ended ? ((await decidedAt(deps.database.db, runId, path)) as Evaluation | null) : null;
  return decided === null ? { type: 'closed' } : { ...decided, then };
}
