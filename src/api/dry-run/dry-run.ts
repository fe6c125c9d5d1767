import type { AutomationRecord } from '../../db/automation-store';
import type { FiltersLacking } from '../../domain/definition/filters-lacking';
import type { ExpressionContext } from '../../evaluation/evaluator';
import { requireFilters } from '../../evaluation/require-filters';
import { NO_ID } from './dry-event';
import { passDryGates, type DryGateDeps, type DryInput } from './dry-gates';
import { evaluatorAt } from './evaluator-at';
import type { DryRun } from './report';
import { simulate } from './simulate';

export interface DryRunDeps extends DryGateDeps {
  /** Filters of a definition that this process does not have. */
  filtersLacking: FiltersLacking;
}

export interface DryRunRequest extends DryInput {
  /** Data of artifacts and results of waits, by action id or path. */
  mocks: Readonly<Record<string, unknown>>;
}

/**
 * Runs the whole automation on a payload or a past change and returns every condition's value, rendered configuration
 * and chosen branch, and no effect: live state is read, nothing is written or called. It does not matter whether the
 * automation is enabled. Waits and delays are passed. A payload need not be complete.
 * @throws {FermataError} `validation_failed` for an unknown trigger, `plugin_missing`
 */
export async function dryRun(deps: DryRunDeps, automation: AutomationRecord, request: DryRunRequest): Promise<DryRun> {
  requireFilters(deps.filtersLacking(automation.definition));
  const { now, mocks } = request;
  const evaluator = evaluatorAt(deps.evaluator, now);
  const { outcome, gates, scope, variables } = await passDryGates({ ...deps, evaluator }, automation, request);
  if (variables === null) return { outcome, gates, steps: [], end: null };
  const beginning = { scope: { ...scopeOfRun(scope, now), variables }, now, mocks };
  return { outcome, gates, ...(await simulate(deps, automation, beginning)) };
}

/** Returns the scope of the run that the gates admitted. */
function scopeOfRun({ steps: _steps, facts, ...scope }: ExpressionContext, now: Date): ExpressionContext {
  return { ...scope, facts: { ...facts, run: { id: NO_ID, startedAt: now.toISOString() } } };
}
