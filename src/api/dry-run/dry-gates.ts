import type { AutomationRecord } from '../../db/automation-store';
import type { Executor } from '../../db/executor';
import type { countActive } from '../../db/runs/active-runs';
import type { Actor, Change, Occurrence } from '../../domain/entities/change';
import { boundedPart } from '../../domain/conditions/deciding-part';
import { concurrencyRefusal } from '../../domain/gates/concurrency';
import type { Registry } from '../../domain/registry/registry';
import { scopeKeyOf } from '../../domain/run/bucket';
import { enterGates, passConditions, runScopeOf, type GateInput, type EvaluatedGate } from '../../engine/gates/gates';
import { stepsOfOne } from '../../engine/gates/step-shares';
import type { RoutedAutomation } from '../../engine/routed-automation';
import { triggerNamed } from '../../engine/start/named-trigger';
import type { ConditionSteps, Evaluator, ExpressionContext } from '../../evaluation/evaluator';
import type { ResultReads } from '../../integrations/came-from-outside';
import { eventOf, withContextKey, type DryEvent } from './dry-event';
import type { DryGate, DryOutcome } from './report';

/** Counts the active runs in a concurrency scope. */
export type CountActive = typeof countActive;

export interface DryGateDeps {
  db: Executor;
  evaluator: Evaluator;
  registry: Registry;
  countActive: CountActive;
  results: ResultReads;
}

/** The input of a dry run. */
export interface DryInput {
  /** Id of the trigger. If there is an event, it defaults to the automation's only trigger. */
  triggerId?: string | undefined;
  payload?: Record<string, unknown> | undefined;
  /** A past change and its event. Replaces `payload`. */
  past?: { change: Change; occurrence: Occurrence } | undefined;
  contextKey?: string | undefined;
  now: Date;
  actor: Actor;
}

/** The decisions of the gates. `variables` is null if the evaluation stopped at or before the conditions. */
export interface DryGates {
  outcome: DryOutcome;
  gates: DryGate[];
  scope: ExpressionContext;
  variables: Record<string, unknown> | null;
}

/**
 * Evaluates the gates of an automation in order, up to the first refusal. Without a trigger, starts with the variables.
 * `window` and `for` need more than one event, so they count as passed.
 * @throws {FermataError} `validation_failed` for an unknown trigger
 */
export async function passDryGates(
  deps: DryGateDeps,
  automation: AutomationRecord,
  input: DryInput,
): Promise<DryGates> {
  const gates: DryGate[] = [];
  const routed: RoutedAutomation = {
    ...automation.definition,
    ...{ id: automation.id, name: automation.name, group: automation.group, version: automation.version },
    ...{ enabled: true, firstStretch: undefined },
  };
  const asked = { ...deps, onGate: (seen: EvaluatedGate) => void gates.push(gateOf(seen)) };
  const entered = await enterDry(asked, routed, input, gates);
  if ('outcome' in entered) return { ...entered, gates, variables: null };
  const verdict = await passConditions(asked, entered);
  const { scope } = entered;
  if (!verdict.passed) return { outcome: verdict.outcome as DryOutcome, gates, scope, variables: null };
  const { gate, outcome } = await passConcurrency(deps, routed, scope.facts.contextKey);
  gates.push(gate);
  return { outcome, gates, scope, variables: verdict.variables };
}

type Asked = DryGateDeps & { onGate: (seen: EvaluatedGate) => void };
type Refused = Pick<DryGates, 'outcome' | 'scope'>;

/** Evaluates the gates of the trigger: config and filter. */
async function enterDry(
  deps: Asked,
  automation: RoutedAutomation,
  input: DryInput,
  gates: DryGate[],
): Promise<GateInput | Refused> {
  const steps = stepsOfOne();
  const id = triggerIdOf(automation, input);
  if (id === undefined) return { candidate: { automation }, scope: scopeWithoutTrigger(automation, input, steps) };
  const { trigger, type } = triggerNamed(deps.registry, automation, id);
  const event = dryEventOf(deps, { trigger, type }, input);
  const own = input.contextKey === undefined ? event.type : withContextKey(event.type, input.contextKey);
  const scope = scopeWithoutTrigger(automation, input, steps);
  if (!trigger.enabled) return { outcome: 'disabled', scope };
  const candidate = { automation, trigger, type: own };
  const gateDeps = { ...deps, results: event.results };
  const entered = await enterGates(gateDeps, candidate, event.occurrence, event.change, steps);
  const [config] = gates;
  if (config?.passed === true && event.gaps !== undefined) config.detail = event.gaps;
  if (!entered.passed) return { outcome: entered.outcome as DryOutcome, scope };
  gates.push(...notEvaluated(trigger));
  return entered;
}

function dryEventOf(
  { registry, results }: DryGateDeps,
  { trigger, type }: ReturnType<typeof triggerNamed>,
  { past, payload = {}, now, actor }: DryInput,
): DryEvent {
  if (past !== undefined) return { ...past, type, results };
  const { event, config } = trigger;
  return eventOf(registry, { event, config, type, payload, actor, now }, results);
}

/** Returns the id of the requested trigger. If there is an event, it defaults to the automation's only trigger. */
function triggerIdOf({ triggers }: RoutedAutomation, { triggerId, payload, past }: DryInput): string | undefined {
  const hasEvent = payload !== undefined || past !== undefined;
  return triggerId !== undefined || !hasEvent || triggers.length > 1 ? triggerId : triggers[0]?.id;
}

/** Returns the scope of a run that is started manually. */
function scopeWithoutTrigger(
  automation: RoutedAutomation,
  { payload = {}, actor, now, contextKey }: DryInput,
  steps: ConditionSteps,
): ExpressionContext {
  return { ...runScopeOf(automation, { payload, actor, occurredAt: now.toISOString() }, contextKey ?? null), steps };
}

/** Converts a gate's decision to the report format. */
function gateOf({ gate, passed, detail, trace, deciding, variables }: EvaluatedGate): DryGate {
  const seen = trace?.();
  const part = deciding?.();
  const parts = gate === 'conditions' ? (seen?.parts ?? (seen ? [seen] : [])) : seen && [seen];
  return {
    ...{ gate, passed },
    ...(detail !== undefined && { detail }),
    ...(part !== undefined && { deciding: boundedPart(part) }),
    ...(parts !== undefined && { conditions: [...parts] }),
    ...(variables !== undefined && { variables }),
  };
}

/** Returns report entries for the gates that need more than one event. */
function notEvaluated({ window, for: dwell }: RoutedAutomation['triggers'][number]): DryGate[] {
  const gates: DryGate[] = [];
  if (window !== undefined) {
    const detail = `Not evaluated: it fires at ${window.count} events within ${window.minutes} minutes.`;
    gates.push({ gate: 'window', passed: null, detail });
  }
  if (dwell !== undefined)
    gates.push({
      gate: 'for',
      passed: null,
      detail: `Not evaluated: the cause must hold for ${JSON.stringify(dwell)}.`,
    });
  return gates;
}

/** Evaluates the concurrency gate. After a refusal, the dry run still continues, so that the report shows the steps. */
async function passConcurrency(
  { db, countActive }: Pick<DryGateDeps, 'db' | 'countActive'>,
  { id, mode, max_runs: maxRuns, concurrency_scope: scope }: RoutedAutomation,
  contextKey: string | null,
): Promise<{ gate: DryGate; outcome: DryOutcome }> {
  const active = await countActive(db, { automationId: id, scopeKey: scopeKeyOf(scope, contextKey) });
  const refusal = concurrencyRefusal(mode, { active, maxRuns });
  const detail = `mode ${mode}: ${active} active now${refusal === 'max_runs' ? ` of at most ${maxRuns}` : ''}`;
  return { gate: { gate: 'concurrency', passed: refusal === null, detail }, outcome: refusal ?? 'would_run' };
}
