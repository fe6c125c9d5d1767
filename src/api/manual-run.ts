import type { AutomationRecord } from '../db/automation-store';
import type { Database } from '../db/client';
import { admitRun } from '../db/runs/admit';
import type { Ids } from '../domain/clock';
import type { FiltersLacking } from '../domain/definition/filters-lacking';
import type { Definition } from '../domain/definition/schema';
import { FermataError, type Finding } from '../domain/errors';
import type { Actor } from '../domain/entities/change';
import type { Registry } from '../domain/registry/registry';
import type { TriggerType } from '../domain/registry/trigger-type';
import type { ExpressionContext, Evaluator } from '../evaluation/evaluator';
import { requireFilters } from './require-filters';
import { renderRunVariables, startScope } from './render-run-variables';

export interface ManualRunDeps {
  database: Pick<Database, 'db'>;
  registry: Registry;
  evaluator: Evaluator;
  /** Filters of a definition that this process does not have. */
  filtersLacking: FiltersLacking;
  ids: Ids;
  now: () => Date;
}

/** What a person asks for when starting an automation by hand. */
export interface ManualRunRequest {
  triggerId?: string | undefined;
  /** Checked against the trigger's schema when one is named. */
  payload?: Record<string, unknown> | undefined;
  /** Default: what the named trigger makes of the payload. */
  contextKey?: string | undefined;
  skipConditions: boolean;
  actor: Actor;
}

/**
 * Starts a run by hand (engine.md, Lifecycle): respects the mode, skips the gates, works on a disabled automation and
 * while Temporal is away. Refused: `validation_failed`, `condition`, `already_running`, `max_runs`, `plugin_missing`.
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
  const scope = startScope(definition, {
    trigger: {
      ...(trigger ? { id: trigger.id, event: trigger.event } : {}),
      payload: request.payload ?? {},
      actor: request.actor,
      occurredAt: deps.now().toISOString(),
    },
    contextKey,
    run: { id: runId, startedAt: null },
    automation: { id: automation.id, name: automation.name, group: automation.group },
  });
  const { evaluator, database } = deps;
  const variables = await renderRunVariables({ evaluator, db: database.db }, definition, scope.facts);
  if (!request.skipConditions) await checkConditions(deps, automation, { ...scope, variables });
  const admission = await deps.database.db.transaction((tx) =>
    admitRun(tx, {
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
    }),
  );
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

/** Returns the trigger that a call names, with the key it makes of the payload. Refused: `validation_failed`. */
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

/** Returns a trigger of an automation with its type. Refused: `validation_failed`. */
export function triggerNamed(
  registry: Registry,
  { triggers }: Pick<Definition, 'triggers'>,
  id: string,
): { trigger: Definition['triggers'][number]; type: TriggerType } {
  const trigger = triggers.find((each) => each.id === id);
  const type = trigger && registry.trigger(trigger.event);
  if (trigger && type) return { trigger, type };
  const known = triggers.map((each) => each.id).join(', ');
  throw invalid([
    { path: 'triggerId', message: `Trigger "${id}" not found; the automation has: ${known}`, code: 'unknown_trigger' },
  ]);
}

/** Returns where a payload is not what the trigger's events carry. */
export function payloadFindings(type: TriggerType, payload: unknown): Finding[] {
  const parsed = type.payloadSchema.safeParse(payload);
  if (parsed.success) return [];
  return parsed.error.issues.map((issue) => ({
    path: ['payload', ...issue.path.map(String)].join('.'),
    message: issue.message,
    code: issue.code ?? 'invalid',
  }));
}

function invalid(errors: Finding[]): FermataError {
  return new FermataError('validation_failed', errors[0]?.message ?? 'Not valid', { errors });
}

async function checkConditions(
  { evaluator, database }: ManualRunDeps,
  { definition }: AutomationRecord,
  scope: ExpressionContext,
): Promise<void> {
  const { value, reason } = await evaluator.condition(database.db, definition.conditions, scope);
  if (value !== true) throw new FermataError('condition', reason ?? 'The conditions do not hold.');
}
