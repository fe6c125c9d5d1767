import type { AutomationRecord } from '../../db/automation-store';
import type { Executor } from '../../db/executor';
import type { countActive } from '../../db/runs/active-runs';
import type { Definition } from '../../domain/definition/schema';
import { FermataError, messageOf } from '../../domain/errors';
import type { Registry } from '../../domain/registry/registry';
import { scopeKeyOf } from '../../domain/run/bucket';
import type { ExpressionContext, Evaluator } from '../../evaluation/evaluator';
import { payloadFindings } from '../manual-run';
import { renderRunVariables } from '../render-run-variables';
import type { DryGate, DryOutcome } from './report';

type Trigger = Definition['triggers'][number];

/** Counts the active runs of a bucket. */
export type CountActive = typeof countActive;

interface GateDeps {
  db: Executor;
  evaluator: Evaluator;
  registry: Registry;
  countActive: CountActive;
}

/** What the gates say. `variables` is null when nothing after the conditions can be evaluated. */
export interface DryGates {
  outcome: DryOutcome;
  gates: DryGate[];
  variables: Record<string, unknown> | null;
}

/** Asks every gate in order, up to the first that lets nothing through; without a trigger those of the trigger are left out. */
export async function askGates(
  deps: GateDeps,
  automation: AutomationRecord,
  trigger: Trigger | undefined,
  scope: ExpressionContext,
): Promise<DryGates> {
  const gates: DryGate[] = [];
  const refused = (outcome: DryOutcome): DryGates => ({ outcome, gates, variables: null });
  if (trigger !== undefined) {
    if (!trigger.enabled) return refused('disabled');
    gates.push(askConfig(deps.registry, trigger, scope));
    if (gates.at(-1)?.passed === false) return refused('config');
    if (trigger.filter !== undefined) {
      const trace = await deps.evaluator.explain(deps.db, trigger.filter, scope);
      gates.push({ gate: 'filter', passed: trace.value === true, ...reasonOf(trace), conditions: [trace] });
      if (trace.value !== true) return refused('filter');
    }
    gates.push(...untold(trigger));
  }
  const { definition } = automation;
  let variables: Record<string, unknown>;
  try {
    variables = await renderRunVariables({ ...deps, now: scope.now }, definition, scope.facts);
    gates.push({ gate: 'variables', passed: true, variables });
  } catch (error) {
    if (!(error instanceof FermataError)) throw error;
    gates.push({ gate: 'variables', passed: false, detail: error.message });
    return refused('error');
  }
  const trace = await deps.evaluator.explain(deps.db, definition.conditions, { ...scope, variables });
  const conditions = trace.parts ?? [trace];
  gates.push({ gate: 'conditions', passed: trace.value === true, ...reasonOf(trace), conditions });
  if (trace.value !== true) return refused(trace.value === 'error' ? 'error' : 'condition');
  const concurrency = await askConcurrency(deps, automation, scope.facts.contextKey);
  gates.push(concurrency.gate);
  return { outcome: concurrency.outcome, gates, variables };
}

const reasonOf = ({ reason }: { reason?: string }) => (reason === undefined ? {} : { detail: reason });

function askConfig(registry: Registry, { event, config }: Trigger, { facts }: ExpressionContext): DryGate {
  const payload = (facts.trigger['payload'] ?? {}) as Record<string, unknown>;
  const type = registry.trigger(event);
  try {
    if (type?.evaluateConfig?.(payload, config) === false) {
      return { gate: 'config', passed: false, detail: 'The config of the trigger does not match.' };
    }
  } catch (error) {
    return { gate: 'config', passed: false, detail: `The config could not be evaluated: ${messageOf(error)}` };
  }
  const gaps = type === undefined ? [] : payloadFindings(type, payload);
  if (gaps.length === 0) return { gate: 'config', passed: true };
  const detail = `Events of ${event} look different: ${gaps.map(({ path, message }) => `${path}: ${message}`).join('; ')}`;
  return { gate: 'config', passed: true, detail };
}

/** Gates that need more than one event. */
function untold({ window, for: dwell }: Trigger): DryGate[] {
  const gates: DryGate[] = [];
  if (window !== undefined) {
    const detail = `Not counted: it opens at ${window.count} events within ${window.minutes} minutes.`;
    gates.push({ gate: 'window', passed: null, detail });
  }
  if (dwell !== undefined)
    gates.push({ gate: 'for', passed: null, detail: `Not waited for: ${JSON.stringify(dwell)}.` });
  return gates;
}

async function askConcurrency(
  { db, countActive }: Pick<GateDeps, 'db' | 'countActive'>,
  { id, definition }: AutomationRecord,
  contextKey: string | null,
): Promise<{ gate: DryGate; outcome: DryOutcome }> {
  const { mode, max_runs: maxRuns } = definition;
  const scopeKey = scopeKeyOf(definition.concurrency_scope, contextKey);
  const active = await countActive(db, { automationId: id, scopeKey });
  const detail = `mode ${mode}: ${active} active now`;
  if (mode === 'single' && active > 0) {
    return { gate: { gate: 'concurrency', passed: false, detail }, outcome: 'already_running' };
  }
  if ((mode === 'queued' || mode === 'parallel') && active >= maxRuns) {
    return {
      gate: { gate: 'concurrency', passed: false, detail: `${detail} of at most ${maxRuns}` },
      outcome: 'max_runs',
    };
  }
  return { gate: { gate: 'concurrency', passed: true, detail }, outcome: 'would_run' };
}
