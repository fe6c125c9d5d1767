import { sql } from 'drizzle-orm';
import type { AutomationStore } from '../../db/automation-store';
import type { Executor } from '../../db/executor';
import type { RunRow } from '../../db/run-queries';
import { admitRun } from '../../db/runs/admit';
import type { RunRequest } from '../../db/runs/run-request';
import { lockBucket } from '../../db/runs/bucket';
import { takeOverSteps } from '../../db/runs/take-over-steps';
import type { Ids } from '../../domain/clock';
import type { FiltersLacking } from '../../domain/definition/filters-lacking';
import { Definition } from '../../domain/definition/schema';
import { FermataError } from '../../domain/errors';
import { scopeKeyOf } from '../../domain/run/bucket';
import { settledFailures } from '../../domain/run/settled-failures';
import type { Evaluator } from '../../evaluation/evaluator';
import { requireFilters } from '../../evaluation/require-filters';
import { runScopeOf } from '../gates/gates';
import { stepsOfOne } from '../gates/step-shares';
import { startVariables } from './start-variables';

export interface RetryDeps {
  tx: Executor;
  automations: Pick<AutomationStore, 'versionAt'>;
  evaluator: Evaluator;
  /** Returns the filters that a definition uses and this process does not have. */
  filtersLacking: FiltersLacking;
  ids: Ids;
}

/** Where a retry starts. With `failure`, steps that succeeded are not repeated. */
export type RetryFrom = 'start' | 'failure';

interface Stored extends Record<string, unknown> {
  root_run_id: string;
  trigger_scope: Record<string, unknown>;
  variables: Record<string, unknown>;
  name: string;
  group: string | null;
  retried: boolean;
}

/**
 * Retries a failed run on its pinned version, as a new run that refers to the failed one. Mode and limits apply as for
 * any start. Gates and conditions are not evaluated again. The automation may be disabled. From `failure`, steps use
 * the idempotency keys of the failed run; from `start`, all steps run again under new keys.
 * @throws {FermataError} `not_retryable`, `already_running`, `max_runs`, `conflict`, `plugin_missing`, or (from
 * `start`) an error of `startVariables`
 */
export async function retryRun(deps: RetryDeps, run: RunRow, from: RetryFrom): Promise<string> {
  if (run.status !== 'failed') {
    throw new FermataError('not_retryable', `The run is "${run.status}"; only a failed run can be retried.`);
  }
  const { tx, ids } = deps;
  const definition = await definitionOf(deps, run);
  const scopeKey = scopeKeyOf(definition.concurrency_scope, run.contextKey);
  // The lock is taken before the check for another retry, so that two calls at the same moment cannot both find that no
  // retry is in progress.
  await lockBucket(tx, { automationId: run.automationId, scopeKey });
  const stored = await readStored(tx, run.id);
  if (stored.retried) throw new FermataError('already_running', 'A retry of this run is already in progress.');
  const runId = ids.next();
  const again = from === 'start';
  const request: RunRequest = {
    id: runId,
    automationId: run.automationId,
    version: run.version,
    mode: definition.mode,
    scope: definition.concurrency_scope,
    maxRuns: definition.max_runs,
    triggerId: run.triggerId,
    triggerEvent: run.triggerEvent,
    // The change has already started the first run of this chain of retries, and must not count as the start of another
    // run.
    changeId: null,
    contextKey: run.contextKey,
    trigger: stored.trigger_scope,
    variables: again ? await renderAgain(deps, run, stored, definition, runId) : stored.variables,
    causedBy: run.causedBy,
    depth: run.depth,
    parentRunId: run.id,
    rootRunId: again ? runId : stored.root_run_id,
    evenIfDisabled: true,
  };
  const admission = await admitRun(tx, request);
  if (!admission.admitted) throw refusal(admission);
  if (!again) await takeOverSteps(tx, ids, { from: run.id, to: runId, settled: settledFailures(definition) });
  return runId;
}

function refusal({ outcome, detail }: { outcome: string; detail: string }): FermataError {
  if (outcome === 'already_running' || outcome === 'max_runs') return new FermataError(outcome, detail);
  return new FermataError('conflict', 'The automation of this run has been deleted.');
}

async function definitionOf({ tx, automations }: RetryDeps, { automationId, version }: RunRow): Promise<Definition> {
  const pinned = await automations.versionAt(tx, automationId, version);
  if (pinned === null) throw new FermataError('conflict', 'The definition of this run no longer exists.');
  return Definition.parse(pinned.definition);
}

async function readStored(tx: Executor, id: string): Promise<Stored> {
  const result = await tx.execute<Stored>(sql`
    select r.root_run_id, r.trigger_scope, r.variables, a.name, a."group",
      exists (select 1 from runs c where c.parent_run_id = r.id and c.status in ('pending', 'running', 'waiting')) as retried
    from runs r join automations a on a.id = r.automation_id where r.id = ${id}`);
  const [row] = result.rows;
  if (!row) throw new FermataError('not_found', `Run "${id}" not found.`);
  return row;
}

async function renderAgain(
  { tx, evaluator, filtersLacking }: RetryDeps,
  { automationId, contextKey }: RunRow,
  { trigger_scope: trigger, name, group }: Stored,
  definition: Definition,
  runId: string,
): Promise<Record<string, unknown>> {
  requireFilters(filtersLacking({ variables: definition.variables }));
  const scope = runScopeOf({ ...definition, id: automationId, name, group }, trigger, contextKey, runId);
  const entered = { candidate: { automation: definition }, scope: { ...scope, steps: stepsOfOne() } };
  return startVariables({ evaluator, db: tx }, entered);
}
