import { wasEndedBy } from '../db/runs/outcomes';
import { variablesSet } from '../db/runs/outcomes';
import type { RunActivities, StretchInput } from '../domain/run/activities';
import { planOf } from '../domain/run/interpret/steps';
import type { PlanNode } from '../domain/run/plan';
import { NOTHING_CARRIED } from './carried-state';
import type { ActivityDeps } from './deps';
import { createLateClaim, mayClaimLate } from './late-claim';
import { createPerformStretch, recallStretch } from './perform-stretch';
import { executionOf } from './plan-for';

/**
 * Creates the activity that claims a run and performs its first stretch. Most runs have only one stretch. No stretch is
 * performed for a run that continues in a new execution, or that has only its `on_failure` left. If this execution has
 * already ended the run successfully, returns the recorded outcomes. Returns null when the run has ended in any other
 * way or belongs to another execution.
 */
export function createClaimRun(deps: ActivityDeps): RunActivities['claimRun'] {
  const performStretch = createPerformStretch(deps);
  /** Claims a run with its first step. Returns null if the run must be claimed first, or cannot be claimed. */
  const claimLate = async (runId: string, executionRunId: string): ReturnType<RunActivities['claimRun']> => {
    const starting = await deps.takeStarting(runId);
    if (starting === null) return null;
    const { source, variables } = starting;
    const claim = createLateClaim(deps, source, executionRunId);
    try {
      if (!mayClaimLate(deps, source)) return null;
      const { done, ended, call } = await performStretch(firstOf(runId, variables), NOTHING_CARRIED, claim);
      if (!(await claim.make())) return null;
      return { ...(await planFor(deps, runId)), variables, done, ended, ...(call && { call }) };
    } finally {
      // The time at which the run started is not known, so later steps must read the run.
      if (!claim.isMade()) deps.forgetRun(runId);
    }
  };
  return async ({ runId, executionRunId, resumes = false }) => {
    const { db } = deps.database;
    const begun = resumes ? null : await claimLate(runId, executionRunId);
    if (begun !== null) return begun;
    const claimed = await deps.claim(runId, executionRunId);
    const first = firstOf(runId, claimed?.variables ?? {});
    if (!claimed) {
      if (!(await wasEndedBy(db, runId, executionRunId))) return null;
      const recalled = await recallStretch(deps, first);
      return recalled && { ...(await planFor(deps, runId)), variables: {}, ...recalled };
    }
    const plans = { ...(await planFor(deps, runId)), variables: claimed.variables };
    if (claimed.lost !== null) {
      const variables = { ...claimed.variables, ...(await variablesSet(db, runId)) };
      return { ...plans, variables, failed: { error: claimed.lost }, done: [], ended: false };
    }
    if (resumes) return { ...plans, done: [], ended: false };
    const { done, ended, call } = await performStretch(first, claimed.isNew ? NOTHING_CARRIED : null);
    return { ...plans, done, ended, ...(call && { call }) };
  };
}

const firstOf = (runId: string, variables: Record<string, unknown>): StretchInput => ({
  ...{ runId, branch: '', positions: {}, repeat: null, journal: [], variables },
});

async function planFor(deps: ActivityDeps, runId: string): Promise<{ plan: PlanNode[]; onFailure?: PlanNode[] }> {
  const { definition } = await deps.sourceOf(runId);
  const plan = planOf(definition.actions, executionOf(deps));
  const onFailure = planOf(definition.on_failure, executionOf(deps));
  return onFailure.length === 0 ? { plan } : { plan, onFailure };
}
