import { claimRun, endedUnder } from '../db/runs/claim';
import type { ProviderAction } from '../domain/definition/action';
import type { RunActivities } from '../domain/run/activities';
import type { PlanNode } from '../domain/run/plan';
import { planOf } from '../domain/run/plan-of';
import { stretchAt } from '../domain/run/stretch';
import { SHORT_CALL_MS } from './call-budget';
import type { ActivityDeps } from './deps';
import { createPerformStretch, endedBefore } from './perform-stretch';

/** Claims the run's row and performs the stretch that it begins with, which for most runs is all there is. */
export function createClaimRun(deps: ActivityDeps): RunActivities['claimRun'] {
  const performStretch = createPerformStretch(deps);
  return async ({ runId, executionRunId, resumes = false }) => {
    const { db } = deps.database;
    const claimed = await claimRun(db, runId, executionRunId);
    if (!claimed) {
      if (!(await endedUnder(db, runId, executionRunId))) return null;
      const { plan } = await planFor(deps, runId);
      return { plan, variables: {}, ...(await endedBefore(deps, runId, stretchAt(plan, 'actions', 0))) };
    }
    const { variables } = claimed;
    const { plan, ...onFailure } = await planFor(deps, runId);
    const stretch = stretchAt(plan, 'actions', 0);
    const begun = { plan, ...onFailure, variables, inTurn: true };
    if (stretch.count === 0 || resumes) return { ...begun, performances: [], ended: false };
    return { ...begun, ...(await performStretch({ runId, stretch, variables, repeat: null, journal: [] })) };
  };
}

/** The plan of a run. Whether an action tries first inside the workflow task is told by what is written, before rendering. */
async function planFor(deps: ActivityDeps, runId: string): Promise<{ plan: PlanNode[]; onFailure?: PlanNode[] }> {
  const { definition } = await deps.sourceOf(runId);
  const executionOf = (step: ProviderAction) => {
    const action = deps.registry.action(step.action);
    if (!action || action.execution === 'transaction')
      return { execution: 'transaction' as const, timeoutMs: SHORT_CALL_MS };
    const timeoutMs = step.timeout_seconds === undefined ? action.timeoutMs(step.config) : step.timeout_seconds * 1000;
    return { execution: timeoutMs <= SHORT_CALL_MS ? ('short' as const) : ('long' as const), timeoutMs };
  };
  const plan = planOf(definition.actions, executionOf);
  const onFailure = planOf(definition.on_failure, executionOf);
  return onFailure.length === 0 ? { plan } : { plan, onFailure };
}
