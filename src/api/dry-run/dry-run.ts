import type { AutomationRecord } from '../../db/automation-store';
import type { FiltersLacking } from '../../domain/definition/filters-lacking';
import type { ExpressionContext } from '../../evaluation/evaluator';
import { requireFilters } from '../../evaluation/require-filters';
import { checkMocks } from './check-mocks';
import { NO_ID } from './dry-event';
import { passDryGates, type DryGateDeps, type DryInput } from './dry-gates';
import { evaluatorAt } from './evaluator-at';
import type { DryRun } from './report';
import { simulate } from './simulate';

export interface DryRunDeps extends DryGateDeps {
  /** Returns the filters of a definition that this process does not have. */
  filtersLacking: FiltersLacking;
}

export interface DryRunRequest extends DryInput {
  /** Mocked artifact data and wait results, by action id or path. */
  mocks: Readonly<Record<string, unknown>>;
}

/**
 * Runs an automation with a payload or past change, without side effects. Returns the value of each condition, each
 * rendered configuration and each chosen branch. Reads live state, but writes nothing and makes no calls. Delays only
 * advance a simulated clock, and waits complete at once unless a mock makes them time out. The automation may be
 * disabled and the payload may be incomplete.
 * @throws {FermataError} `validation_failed` for an unknown trigger and for invalid mocks, `plugin_missing`
 */
export async function dryRun(deps: DryRunDeps, automation: AutomationRecord, request: DryRunRequest): Promise<DryRun> {
  requireFilters(deps.filtersLacking(automation.definition));
  const { now, mocks } = request;
  checkMocks(deps.registry, automation.definition, mocks);
  const evaluator = evaluatorAt(deps.evaluator, now);
  const { outcome, gates, scope, variables } = await passDryGates({ ...deps, evaluator }, automation, request);
  if (variables === null) return { outcome, gates, steps: [], end: null };
  const beginning = { scope: { ...scopeOfRun(scope, now), variables }, now, mocks };
  return { outcome, gates, ...(await simulate(deps, automation, beginning)) };
}

/** Returns the scope of the run that would start. */
function scopeOfRun({ steps: _steps, facts, ...scope }: ExpressionContext, now: Date): ExpressionContext {
  return { ...scope, facts: { ...facts, run: { id: NO_ID, startedAt: now.toISOString() } } };
}
