import { claimRun } from '../db/runs/claim';
import type { Database } from '../db/client';
import type { Bucket } from '../db/runs/bucket';
import { finishRun, type RunEnd } from '../db/runs/finish';
import type { ProviderAction } from '../domain/definition/action';
import type { RunActivities } from '../domain/run/activities';
import { planOf, type ExecutionOf } from '../domain/run/plan-of';
import { SHORT_CALL_MS } from './call-budget';
import type { ActivityDeps } from './deps';
import { createEvaluateStep } from './evaluate-step';
import { createPerformStep } from './perform-step';
import { createFailStep } from './settle-step';

/** Everything that the run workflow calls. */
export function createActivities(deps: ActivityDeps): RunActivities {
  const { database, sourceOf } = deps;
  return {
    async claimRun({ runId, executionRunId }) {
      const claimed = await claimRun(database.db, runId, executionRunId);
      if (!claimed) return null;
      const { definition } = await sourceOf(runId);
      return { plan: planOf(definition.actions, executionOf(deps)), variables: claimed.variables };
    },
    evaluateStep: createEvaluateStep(deps),
    performStep: createPerformStep(deps),
    failStep: createFailStep(deps),
    async finishRun(end) {
      const { mode, ...bucket } = await sourceOf(end.runId);
      const { ended, next } = await (mode === 'queued'
        ? database.db.transaction((tx) => finishRun(tx, bucket, end))
        : endUnqueued(database, bucket, end));
      if (ended) deps.onRunEnded(end.status);
      if (next !== null) deps.onRunsToStart();
    },
  };
}

/**
 * Outside of `queued` nobody waits for the end of a run, so it takes no lock that starts of the same bucket wait for, and
 * without steps left to note it is one statement.
 */
function endUnqueued({ db }: Database, bucket: Bucket, end: RunEnd): ReturnType<typeof finishRun> {
  if (end.journal.length === 0) return finishRun(db, bucket, end, 'look');
  return db.transaction((tx) => finishRun(tx, bucket, end, 'look'));
}

/** Whether an action tries first inside the workflow task: decided by what the document says before rendering. */
function executionOf(deps: ActivityDeps): ExecutionOf {
  return (step: ProviderAction) => {
    const action = deps.registry.action(step.action);
    if (!action || action.execution === 'transaction') return { execution: 'transaction', timeoutMs: SHORT_CALL_MS };
    const timeoutMs = step.timeout_seconds === undefined ? action.timeoutMs(step.config) : step.timeout_seconds * 1000;
    return { execution: timeoutMs <= SHORT_CALL_MS ? 'short' : 'long', timeoutMs };
  };
}
