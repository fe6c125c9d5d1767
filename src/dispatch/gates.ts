import { messageOf } from '../domain/errors';
import type { Executor } from '../db/executor';
import type { Change, Occurrence } from '../domain/entities/change';
import { triggerScope } from '../domain/run/scope';
import { VARIABLES_LIMIT_BYTES } from '../domain/run/limits';
import type { EvaluationScope, Evaluator } from '../providers/evaluator';
import type { Outcome } from './evaluation-log';
import type { Candidate } from './routing-index';

/** What the gates say of a candidate. */
export type Verdict =
  | { passed: true; contextKey: string | null; trigger: Record<string, unknown>; variables: Record<string, unknown> }
  | { passed: false; outcome: Outcome; detail: string };

export interface GateDeps {
  evaluator: Evaluator;
  /** Where live state is read: the primary. */
  db: Executor;
}

const refused = (outcome: Outcome, detail: string): Verdict => ({ passed: false, outcome, detail });

/**
 * Stage 2 up to concurrency: config → filter → variables → conditions. Never throws for the automation's own faults
 * (they are the verdict); what it throws is infrastructure.
 */
export async function passGates(
  deps: GateDeps,
  { automation, trigger, type }: Candidate,
  occurrence: Occurrence,
  change: Change,
): Promise<Verdict> {
  const { payload } = occurrence;
  let contextKey: string | null;
  try {
    contextKey = type.contextKey?.(payload, trigger.config) ?? null;
    if (type.evaluateConfig && !type.evaluateConfig(payload, trigger.config)) {
      return refused('config', 'The config of the trigger does not match.');
    }
  } catch (error) {
    return refused('config', `The config of the trigger could not be evaluated: ${messageOf(error)}`);
  }
  const scope: EvaluationScope = {
    facts: {
      trigger: triggerScope(trigger.id, occurrence, change),
      contextKey,
      run: { id: '', startedAt: null },
      automation: { id: automation.id, name: automation.name, group: automation.group },
    },
    variables: {},
    artifacts: [],
    repeat: null,
    usesState: automation.uses_state ?? [],
    stateWindowMinutes: automation.state_window_minutes,
  };
  return (await checkFilter(deps, trigger.filter, scope)) ?? (await checkConditions(deps, automation, scope));
}

async function checkFilter(
  { evaluator, db }: GateDeps,
  filter: string | undefined,
  scope: EvaluationScope,
): Promise<Verdict | null> {
  if (filter === undefined) return null;
  const { value, reason } = await evaluator.condition(db, filter, scope);
  return value === true ? null : refused('filter', reason ?? 'The filter does not hold.');
}

async function checkConditions(
  { evaluator, db }: GateDeps,
  automation: Candidate['automation'],
  scope: EvaluationScope,
): Promise<Verdict> {
  const rendered = await evaluator.renderVariables(db, automation.variables, scope);
  if ('error' in rendered) return refused('error', `variables: ${rendered.error}`);
  const { variables } = rendered;
  if (Buffer.byteLength(JSON.stringify(variables)) > VARIABLES_LIMIT_BYTES) {
    return refused('error', `variables: together larger than ${VARIABLES_LIMIT_BYTES / 1024} KB`);
  }
  const { facts } = scope;
  const passed: Verdict = { passed: true, contextKey: facts.contextKey, trigger: facts.trigger, variables };
  if (automation.conditions.length === 0) return passed;
  const { value, reason } = await evaluator.condition(db, automation.conditions, { ...scope, variables });
  if (value === true) return passed;
  return refused(value === 'error' ? 'error' : 'condition', reason ?? 'The conditions do not hold.');
}
