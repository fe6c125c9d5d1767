import type { AutomationRecord } from '../../db/automation-store';
import type { Executor } from '../../db/executor';
import type { Actor } from '../../domain/entities/change';
import type { FiltersLacking } from '../../domain/definition/filters-lacking';
import type { Registry } from '../../domain/registry/registry';
import type { ExpressionContext, Evaluator } from '../../evaluation/evaluator';
import { triggerNamed } from '../manual-run';
import { requireFilters } from '../require-filters';
import { startScope } from '../render-run-variables';
import { askGates, type CountActive } from './dry-gates';
import { performDry } from './perform-dry';
import type { DryRun } from './report';
import { DryEnd, DryFailure, Simulation } from './simulation';

/** The nil UUID: a dry run is no run. */
const NO_RUN = '00000000-0000-0000-0000-000000000000';

export interface DryRunDeps {
  db: Executor;
  evaluator: Evaluator;
  registry: Registry;
  countActive: CountActive;
  /** Filters of a definition that this process does not have. */
  filtersLacking: FiltersLacking;
}

export interface DryRunRequest {
  triggerId?: string | undefined;
  payload?: Record<string, unknown> | undefined;
  contextKey?: string | undefined;
  now: Date;
  /** Data of artifacts and what waits came to, by action id or place. */
  mocks: Readonly<Record<string, unknown>>;
  actor: Actor;
}

/**
 * The whole automation on a payload, with every condition's value, rendered configuration and chosen branch, and no
 * effect: live state is read, nothing is written or called. Whether it is enabled is not asked. Waits and delays are passed.
 * Refused: `validation_failed` for an unknown trigger, `plugin_missing`. A payload need not be complete.
 */
export async function dryRun(deps: DryRunDeps, automation: AutomationRecord, request: DryRunRequest): Promise<DryRun> {
  const { definition } = automation;
  const { registry } = deps;
  requireFilters(deps.filtersLacking(definition));
  const payload = request.payload ?? {};
  const id = triggerIdOf(automation, request);
  const named = id === undefined ? undefined : triggerNamed(registry, definition, id);
  const facts = {
    trigger: {
      ...(named ? { id: named.trigger.id, event: named.trigger.event } : {}),
      payload,
      actor: request.actor,
      occurredAt: request.now.toISOString(),
    },
    contextKey: request.contextKey ?? (named ? contextKeyOf(named, payload) : null),
    run: { id: NO_RUN, startedAt: request.now.toISOString() },
    automation: { id: automation.id, name: automation.name, group: automation.group },
  };
  const scope: ExpressionContext = { ...startScope(definition, facts), now: request.now };
  const trigger = named?.trigger;
  const { outcome, gates, variables } = await askGates(deps, automation, trigger, scope);
  if (variables === null) return { outcome, gates, steps: [], end: null };
  const run = new Simulation({ ...deps, mocks: request.mocks }, { ...scope, variables }, performDry);
  const end = await runActions(run, automation);
  if (end.status === 'failed') await runOnFailure(run, automation, end);
  return { outcome, gates, steps: run.steps, end };
}

/** Of an automation with one trigger, that one. */
function triggerIdOf(
  { definition: { triggers } }: AutomationRecord,
  { triggerId, payload }: DryRunRequest,
): string | undefined {
  if (triggerId !== undefined || payload === undefined || triggers.length > 1) return triggerId;
  return triggers[0]?.id;
}

/** None, of a payload that events never have. */
function contextKeyOf(
  { trigger, type }: ReturnType<typeof triggerNamed>,
  payload: Record<string, unknown>,
): string | null {
  try {
    return type.contextKey?.(payload, trigger.config) ?? null;
  } catch {
    return null;
  }
}

type End = NonNullable<DryRun['end']>;

async function runActions(run: Simulation, { definition }: AutomationRecord): Promise<End> {
  try {
    await run.runList(definition.actions, 'actions');
    return { status: 'success' };
  } catch (error) {
    if (error instanceof DryFailure) return { status: 'failed', error: error.error };
    if (!(error instanceof DryEnd)) throw error;
    const { endedBy } = error;
    return error.error === undefined
      ? { status: 'success', endedBy }
      : { status: 'failed', endedBy, error: error.error };
  }
}

/** Its own failure changes nothing else. */
async function runOnFailure(run: Simulation, { definition }: AutomationRecord, { error }: End): Promise<void> {
  run.failedWith(error);
  try {
    await run.runList(definition.on_failure, 'on_failure');
  } catch (failure) {
    if (!(failure instanceof DryFailure) && !(failure instanceof DryEnd)) throw failure;
  }
}
