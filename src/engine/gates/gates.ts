import { boundedPart, decidingPart, heldParts, type DecidingPart } from '../../domain/conditions/deciding-part';
import { messageOf } from '../../domain/errors';
import type { Executor } from '../../db/executor';
import type { Change, Occurrence } from '../../domain/entities/change';
import { sameJson } from '../../domain/entities/diff';
import type { ConditionTrace } from '../../domain/conditions/trace-condition';
import type { ConfigComparison } from '../../domain/registry/trigger-type';
import { triggerScope } from '../../domain/run/scope';
import { variablesProblem } from '../../domain/run/limits';
import type { ConditionSteps, ExpressionContext, Evaluator } from '../../evaluation/evaluator';
import type { Outcome } from '../evaluation-log';
import { cameFromOutside, type ResultReads } from '../../integrations/came-from-outside';
import type { RoutedAutomation } from '../routed-automation';
import type { Candidate } from '../routing-index';

/** The refusal of a candidate by a gate. */
export interface Refusal {
  passed: false;
  outcome: Outcome | 'trigger_disabled';
  detail: string;
  /**
   * Returns the smallest part of the filter, the config or the conditions that was false; undefined if it cannot be
   * determined. Computed only when it is called.
   */
  deciding?: () => DecidingPart | undefined;
  /**
   * For `dwell_armed`: returns the parts of config and filter that were true when the dwell was armed. Computed only when
   * it is called.
   */
  held?: () => DecidingPart[];
  dwell?: { armedAt: string; firesAt: string };
  /** Number of events that a window has counted, and how many it needs. */
  counted?: { count: number; needed: number };
}

/** A candidate that has passed config and filter, and the scope for its expressions. */
export interface EnteredCandidate {
  passed: true;
  candidate: Candidate;
  event: string;
  /** The payload of the trigger. */
  payload: Record<string, unknown>;
  change: Pick<Change, 'changeId' | 'causedBy' | 'depth' | 'occurredAt'>;
  scope: ExpressionContext;
  /** Returns the parts of config and filter that were true. Computed only when it is called. */
  held: () => DecidingPart[];
  /** For a trigger with a window that has fired: how many events it has counted, and how many it needs. */
  counted?: NonNullable<Refusal['counted']>;
}

/** A candidate that has passed all gates except concurrency. */
export interface PassedCandidate<E extends GateInput = EnteredCandidate> {
  passed: true;
  entered: E;
  variables: Record<string, unknown>;
  /** Returns the parts of the conditions that were true. Computed only when it is called. */
  held: () => DecidingPart[];
}

/** The data that is needed to render variables. */
interface ToRender {
  candidate: { automation: Pick<RoutedAutomation, 'variables'> };
  scope: ExpressionContext;
}

/** The data that the gates for variables and conditions need. */
export interface GateInput {
  candidate: { automation: Pick<RoutedAutomation, 'variables' | 'conditions'> };
  scope: ExpressionContext;
}

/** A gate that was evaluated. */
export interface EvaluatedGate {
  gate: 'config' | 'filter' | 'variables' | 'conditions';
  passed: boolean;
  /** Why the gate was not passed. */
  detail?: string;
  /** Returns a trace of the filter or the conditions. Computed only when it is called. */
  trace?: () => ConditionTrace;
  /**
   * Returns the smallest part that was false; undefined if it cannot be determined. Computed only when it is called.
   */
  deciding?: () => DecidingPart | undefined;
  /** Rendered variables of the definition. */
  variables?: Record<string, unknown>;
}

/** The refusal of a candidate by config or filter, and the context key that its run would have had. */
export interface EntryRefusal extends Refusal {
  contextKey: string | null;
}

export interface GateDeps {
  evaluator: Evaluator;
  /** The primary database, from which live state is read. */
  db: Executor;
  /** Reads the results of checks. Default: from the tables. */
  results?: ResultReads;
  /** Called with each gate that is evaluated, in order. */
  onGate?: (seen: EvaluatedGate) => void;
}

/** Creates a refusal. `detail` is a human-readable reason. */
export const refused = (
  outcome: Refusal['outcome'],
  detail: string,
  more: Pick<Refusal, 'deciding' | 'held' | 'dwell' | 'counted'> = {},
): Refusal => ({ passed: false, outcome, detail, ...more });

/**
 * Evaluates the first gates: config and silences, then filter. Errors of the automation are refusals. Throws only when
 * infrastructure fails. `steps` is the number of steps that all expressions of the automation may take together for
 * this change. The context key of a refusal is derived by the trigger. If the trigger cannot derive a key, the key is
 * the id of the change's entity, or null for an event.
 */
export async function enterGates(
  deps: GateDeps,
  candidate: Candidate,
  occurred: Occurrence,
  change: Change,
  steps: ConditionSteps,
): Promise<EnteredCandidate | EntryRefusal> {
  const { automation, trigger, type } = candidate;
  const read = readOccurrence(candidate, occurred);
  const contextKey = read.contextKey === undefined ? subjectOf(change) : read.contextKey;
  const refuse = (refusal: Refusal): EntryRefusal => ({ ...refusal, contextKey });
  const refuseConfig = (refusal: Refusal): EntryRefusal => {
    const { detail, deciding } = refusal;
    deps.onGate?.({ gate: 'config', passed: false, detail, ...(deciding && { deciding }) });
    return refuse(refusal);
  };
  if ('refusal' in read) return refuseConfig(read.refusal);
  const { payload } = read;
  if (occurred.silenced !== undefined) return refuseConfig(refused('silenced', occurred.silenced));
  const entering = type.entering?.(trigger.config) ?? null;
  if (entering !== null && !(await cameFromOutside(deps.db, change, entering, deps.results))) {
    return refuseConfig(refused('config', 'The number was already in the range, or its previous value is unknown.'));
  }
  deps.onGate?.({ gate: 'config', passed: true });
  const { event } = occurred;
  const scope = { ...runScopeOf(automation, triggerScope(trigger.id, { event, payload }, change), contextKey), steps };
  const filtered = await checkFilter(deps, trigger.filter, scope, `${placeOf(candidate)}.filter`);
  if ('passed' in filtered) return refuse(filtered);
  const held = () => [...heldConfig(candidate, payload), ...filtered.held()];
  return { passed: true, candidate, event, payload, change, scope, held };
}

/** Returns the id of the entity whose state changed, or null for an event. */
export const subjectOf = ({ shape, id }: Pick<Change, 'shape' | 'id'>): string | null =>
  shape === 'entity' ? id : null;

/**
 * Returns whether a candidate is refused by its config or by a silence. Reads no table and evaluates no filter, so it
 * does not check whether a number has just entered its range.
 */
export const isRefusedByConfig = (candidate: Candidate, occurred: Occurrence): boolean =>
  occurred.silenced !== undefined || 'refusal' in readOccurrence(candidate, occurred);

/**
 * Returns the context key of the run that an occurrence would start, or undefined when the config or a silence refuses
 * it. Reads no table and evaluates no filter.
 */
export function keyIfAccepted(candidate: Candidate, occurred: Occurrence): string | null | undefined {
  if (occurred.silenced !== undefined) return undefined;
  const read = readOccurrence(candidate, occurred);
  return 'refusal' in read ? undefined : read.contextKey;
}

/**
 * The payload and context key that a trigger derives from an occurrence. `contextKey` undefined = the trigger could not
 * derive a key.
 */
type ReadOccurrence =
  | { contextKey: string | null; payload: Record<string, unknown> }
  | { contextKey: string | null | undefined; refusal: Refusal };

/** Returns the payload and the context key, or a refusal when the config of the trigger does not match. */
function readOccurrence(candidate: Candidate, occurred: Occurrence): ReadOccurrence {
  const { trigger, type } = candidate;
  let contextKey: string | null | undefined;
  try {
    const payload = type.payloadOf ? type.payloadOf(occurred.payload, trigger.config) : occurred.payload;
    if (payload === null) {
      return {
        contextKey,
        refusal: refused('config', 'The event does not match the config of the trigger.'),
      };
    }
    contextKey = type.contextKey?.(payload, trigger.config) ?? null;
    if (!type.evaluateConfig || type.evaluateConfig(payload, trigger.config)) return { contextKey, payload };
    const deciding = () => decidingConfig(candidate, payload);
    return { contextKey, refusal: refused('config', 'The config of the trigger does not match.', { deciding }) };
  } catch (error) {
    const detail = `The config of the trigger could not be evaluated: ${messageOf(error)}`;
    return { contextKey, refusal: refused('config', detail) };
  }
}

/**
 * Returns the scope of a run that does not exist yet. `runId` is empty until it is known whether there will be a run.
 */
export function runScopeOf(
  automation: Pick<RoutedAutomation, 'id' | 'name' | 'group' | 'uses_state' | 'state_window_minutes'>,
  trigger: Record<string, unknown>,
  contextKey: string | null,
  runId = '',
): ExpressionContext {
  return {
    facts: {
      trigger,
      contextKey,
      run: { id: runId, startedAt: null },
      automation: { id: automation.id, name: automation.name, group: automation.group },
    },
    variables: {},
    artifacts: [],
    repeat: null,
    usesState: automation.uses_state ?? [],
    stateWindowMinutes: automation.state_window_minutes,
  };
}

async function checkFilter(
  { evaluator, db, onGate }: GateDeps,
  filter: string | undefined,
  scope: ExpressionContext,
  path: string,
): Promise<Refusal | { held: () => DecidingPart[] }> {
  if (filter === undefined) return { held: () => [] };
  const { value, reason, trace, traceDeciding } = await evaluator.condition(db, filter, scope);
  const deciding = () => decidingPart(traceDeciding(), filter, path);
  onGate?.({ ...seenAs('filter', { value, reason, deciding }), trace });
  if (value === true) return { held: () => heldParts(trace(), filter, path).map(boundedPart) };
  return refused('filter', reason ?? 'The filter does not hold.', { deciding });
}

/** Returns the report on a filter or on conditions. It contains `deciding` only if the value is false. */
const seenAs = (
  gate: 'filter' | 'conditions',
  {
    value,
    reason,
    deciding,
  }: { value: boolean | 'error'; reason: string | undefined } & Required<Pick<EvaluatedGate, 'deciding'>>,
): EvaluatedGate => ({
  ...{ gate, passed: value === true },
  ...(reason !== undefined && { detail: reason }),
  ...(value === false && { deciding }),
});

/** Returns the path of a candidate's trigger in the definition. */
const placeOf = ({ automation, trigger }: Candidate): string => `triggers[${automation.triggers.indexOf(trigger)}]`;

/**
 * Returns the part of a trigger's config that does not match a payload, or undefined when it cannot be determined. If a
 * plugin throws here, the change must still be routed.
 */
function decidingConfig(candidate: Candidate, payload: Record<string, unknown>): DecidingPart | undefined {
  const { config } = candidate.trigger;
  const { mismatch = firstDifference } = candidate.type;
  try {
    const found = mismatch(payload, config);
    return found && boundedPart({ ...found, path: `${placeOf(candidate)}.config.${found.path}` });
  } catch {
    return undefined;
  }
}

/**
 * Returns the parts of a trigger's config that match a payload; none if they cannot be determined. If a plugin throws
 * here, the run must still start.
 */
function heldConfig(candidate: Candidate, payload: Record<string, unknown>): DecidingPart[] {
  const { config } = candidate.trigger;
  const { matched = equalKeys } = candidate.type;
  const place = `${placeOf(candidate)}.config`;
  try {
    return matched(payload, config).map((part) => boundedPart({ ...part, path: `${place}.${part.path}` }));
  } catch {
    return [];
  }
}

/** Returns the keys of the config that have the same value in the payload. */
function equalKeys(payload: Record<string, unknown>, config: Record<string, unknown>): ConfigComparison[] {
  return Object.entries(config)
    .filter(([key, wanted]) => Object.hasOwn(payload, key) && sameJson(payload[key], wanted))
    .map(([key, wanted]) => ({ path: key, expression: key, found: payload[key], wanted }));
}

/**
 * Returns the first key of the config whose value differs from the value in the payload. Returns undefined if no value
 * differs.
 */
function firstDifference(
  payload: Record<string, unknown>,
  config: Record<string, unknown>,
): ConfigComparison | undefined {
  const differs = ([key, wanted]: [string, unknown]) => Object.hasOwn(payload, key) && !sameJson(payload[key], wanted);
  const [key, wanted] = Object.entries(config).find(differs) ?? [];
  return key === undefined ? undefined : { path: key, expression: key, found: payload[key], wanted };
}

/** Why variables could not be rendered. */
export interface VariablesFailure {
  code: 'expression_error' | 'secret_outside' | 'limit_exceeded';
  problem: string;
}

/** Renders the initial variables of a run. Throws only when infrastructure fails, like `enterGates`. */
export async function passVariables(
  { evaluator, db, onGate }: Omit<GateDeps, 'results'>,
  { candidate: { automation }, scope }: ToRender,
): Promise<{ variables: Record<string, unknown> } | VariablesFailure> {
  const rendered = await evaluator.renderVariables(db, automation.variables, scope);
  const problem = 'error' in rendered ? rendered.error : variablesProblem(rendered.variables);
  if ('error' in rendered || problem !== undefined) {
    onGate?.({ gate: 'variables', passed: false, detail: `variables: ${problem ?? ''}` });
    return { code: 'error' in rendered ? rendered.code : 'limit_exceeded', problem: problem ?? '' };
  }
  const { variables } = rendered;
  onGate?.({ gate: 'variables', passed: true, variables });
  return { variables };
}

/**
 * Evaluates the last gates before concurrency: variables, then conditions. Throws only when infrastructure fails, like
 * `enterGates`.
 */
export async function passConditions<E extends GateInput>(
  deps: Omit<GateDeps, 'results'>,
  entered: E,
): Promise<PassedCandidate<E> | Refusal> {
  const rendered = await passVariables(deps, entered);
  if ('problem' in rendered) return refused('error', `variables: ${rendered.problem}`);
  return checkConditions(deps, entered, rendered.variables);
}

/** Evaluates only the conditions, with variables that have already been rendered. */
export async function checkConditions<E extends GateInput>(
  { evaluator, db, onGate }: Omit<GateDeps, 'results'>,
  entered: E,
  variables: Record<string, unknown>,
): Promise<PassedCandidate<E> | Refusal> {
  const { automation } = entered.candidate;
  if (automation.conditions.length === 0) {
    onGate?.({ gate: 'conditions', passed: true });
    return { passed: true, entered, variables, held: () => [] };
  }
  const { conditions } = automation;
  const seen = { ...entered.scope, variables };
  const { value, reason, trace, traceDeciding } = await evaluator.condition(db, conditions, seen);
  const deciding = () => decidingPart(traceDeciding(), conditions, 'conditions');
  onGate?.({ ...seenAs('conditions', { value, reason, deciding }), trace });
  const held = () => heldParts(trace(), conditions, 'conditions').map(boundedPart);
  if (value === true) return { passed: true, entered, variables, held };
  return refused(value === 'error' ? 'error' : 'condition', reason ?? 'The conditions do not hold.', { deciding });
}
