import type { AutomationRecord } from '../../db/automation-store';
import type { Executor } from '../../db/executor';
import { admitRun } from '../../db/runs/admit';
import type { Ids } from '../../domain/clock';
import type { FiltersLacking } from '../../domain/definition/filters-lacking';
import type { Actor } from '../../domain/entities/change';
import { FermataError } from '../../domain/errors';
import type { Registry } from '../../domain/registry/registry';
import type { Evaluator } from '../../evaluation/evaluator';
import { requireFilters } from '../../evaluation/require-filters';
import { checkConditions, runScopeOf } from '../gates/gates';
import { stepsOfOne } from '../gates/step-shares';
import { invalid, payloadFindings, triggerNamed } from './named-trigger';
import { startVariables } from './start-variables';

export interface ManualRunDeps {
  /** The transaction that admits the run. */
  tx: Executor;
  registry: Registry;
  evaluator: Evaluator;
  /** Returns the filters that a definition uses and this process does not have. */
  filtersLacking: FiltersLacking;
  ids: Ids;
  now: () => Date;
}

/** A request to start an automation manually. */
export interface ManualRunRequest {
  triggerId?: string | undefined;
  /** Checked against the trigger's schema when a trigger is named. */
  payload?: Record<string, unknown> | undefined;
  /** Default: the key that the named trigger derives from the payload; none without a trigger. */
  contextKey?: string | undefined;
  skipConditions: boolean;
  actor: Actor;
}

/**
 * Admits a run that was started manually, even if the automation is disabled, and even while Temporal is unreachable.
 * Config, filter, window and dwell are skipped. Variables, conditions (unless `skipConditions` is set) and the mode
 * apply.
 * @throws {FermataError} `validation_failed`, `condition`, `already_running`, `max_runs`, `plugin_missing`,
 * `not_found`, or an error of `startVariables`
 */
export async function startManualRun(
  deps: ManualRunDeps,
  automation: AutomationRecord,
  request: ManualRunRequest,
): Promise<{ runId: string }> {
  const { definition } = automation;
  const { variables: before, conditions } = definition;
  requireFilters(deps.filtersLacking({ variables: before, ...(!request.skipConditions && { conditions }) }));
  const trigger = namedTrigger(deps.registry, automation, request);
  const contextKey = request.contextKey ?? trigger?.contextKey ?? null;
  const runId = deps.ids.next();
  const occurred = {
    ...(trigger ? { id: trigger.id, event: trigger.event } : {}),
    payload: request.payload ?? {},
    actor: request.actor,
    occurredAt: deps.now().toISOString(),
  };
  const { id, name, group } = automation;
  const scope = runScopeOf({ ...definition, id, name, group }, occurred, contextKey, runId);
  const entered = { candidate: { automation: definition }, scope: { ...scope, steps: stepsOfOne() } };
  const gates = { evaluator: deps.evaluator, db: deps.tx };
  const variables = await startVariables(gates, entered);
  if (!request.skipConditions) {
    const verdict = await checkConditions(gates, entered, variables);
    if (!verdict.passed) throw new FermataError('condition', verdict.detail);
  }
  const admission = await admitRun(deps.tx, {
    id: runId,
    automationId: automation.id,
    version: automation.version,
    mode: definition.mode,
    scope: definition.concurrency_scope,
    maxRuns: definition.max_runs,
    triggerId: trigger?.id ?? null,
    triggerEvent: trigger?.event ?? null,
    changeId: null,
    contextKey,
    trigger: scope.facts.trigger,
    variables,
    causedBy: null,
    depth: 0,
    evenIfDisabled: true,
  });
  if (admission.admitted) return { runId };
  if (admission.outcome === 'already_running' || admission.outcome === 'max_runs') {
    throw new FermataError(admission.outcome, admission.detail);
  }
  throw new FermataError('not_found', `Automation ${automation.id} not found.`);
}

interface NamedTrigger {
  id: string;
  event: string;
  contextKey: string | null;
}

/**
 * Returns the trigger that a request names, and the context key that the trigger derives from the payload. Returns null
 * when the request names no trigger.
 * @throws {FermataError} `validation_failed`, `plugin_missing`
 */
function namedTrigger(
  registry: Registry,
  { definition }: AutomationRecord,
  { triggerId, payload = {} }: ManualRunRequest,
): NamedTrigger | null {
  if (triggerId === undefined) return null;
  const { trigger, type } = triggerNamed(registry, definition, triggerId);
  const errors = payloadFindings(type, payload);
  if (errors.length > 0) throw invalid(errors);
  return { id: trigger.id, event: trigger.event, contextKey: type.contextKey?.(payload, trigger.config) ?? null };
}
