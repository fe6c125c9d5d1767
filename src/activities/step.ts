import type { StepNames, StepStart, StepEnd } from '../db/runs/step-states';
import type { ActionStep, ProviderAction } from '../domain/definition/action';
import { kindOf } from '../domain/definition/action-kind';
import { FermataError } from '../domain/errors';
import type { StepInput } from '../domain/run/activities';
import type { ConditionTrace } from '../domain/conditions/trace-condition';
import type { Cause } from '../domain/entities/change';
import { toStorable } from '../domain/entities/storable';
import { keptConfig } from '../domain/run/kept-config';
import type { RunError } from '../domain/run/step-record';
import { shortText } from '../domain/run/short-text';
import { maskedMessage } from '../domain/secrets/masked-message';
import { maskFields, NO_MASK, type Mask } from '../domain/secrets/mask-values';
import { artifactView, isInBranch } from '../domain/run/lanes';
import { stepAt } from '../domain/run/step-at';
import type { RunFacts } from '../domain/run/scope';
import type { ExpressionContext } from '../evaluation/evaluator';
import type { RunSource } from '../db/runs/run-source';
import type { CarriedState, Carry } from './carried-state';
import type { PrecedingWrite } from './preceding-write';

/** The step of a run that an activity performs. */
export interface Step {
  source: RunSource;
  input: StepInput;
  action: ActionStep;
  names: StepNames;
  /** Warnings for the step's trace. */
  warnings: string[];
  /** Trace of the step's `enabled`. */
  enabled?: ConditionTrace;
  /** Traces of a wait's condition at its latest check. */
  conditions?: ConditionTrace[];
  /** The configuration of an action after its templates were rendered, with references in place of secrets. */
  config?: Record<string, unknown>;
  /** Hides the secrets that the run has used. Set when the step begins. */
  mask: Mask;
  /** Set if this is the last step of a run. */
  last?: LastStep;
  /** State of the run at the start of the step, and the secrets that the step has stored since. */
  state?: CarriedState;
  /** Set if something may still have to be written before the step writes anything. */
  preceding?: PrecedingWrite;
  /** Where the success of the step leaves the state of the run for the next step of the stretch. */
  carry?: Carry;
}

/** The last step of a run, whose success ends the run in the same statement. */
export interface LastStep {
  path: string;
  /** Whether the end of the run was written. */
  ended: boolean;
}

/** A step of the kind `action`. */
export interface ActionStepOfRun extends Step {
  action: ProviderAction;
}

/**
 * Returns the step that an input refers to, from the definition to which the run is pinned.
 * @throws {FermataError} `not_found` when the definition has no such step
 */
export function stepOf(source: RunSource, input: StepInput): Step {
  const action = stepAt(source.definition, input.path);
  if (!action) throw new FermataError('not_found', `Version ${source.version} has no step ${input.path}.`);
  const names = {
    runId: input.runId,
    path: input.path,
    actionId: action.id ?? null,
    kind: kindOf(action),
    action: 'action' in action ? action.action : null,
    view: artifactView(source.definition, input.path),
  };
  return { source, input, action, names, warnings: [], mask: NO_MASK };
}

/** Returns the fields that locate a step when its end is written. */
export function placeOf({ source, names: { runId, path } }: Step): Pick<StepEnd, 'runId' | 'path' | 'beside'> {
  return { runId, path, beside: isInBranch(source.definition, path) };
}

/** Returns the values that expressions of a step can read. */
export function scopeOf(
  { source, input, warnings }: Step,
  { artifacts, wait }: Pick<StepStart, 'artifacts' | 'wait'>,
): ExpressionContext {
  return {
    facts: input.error === undefined ? source.facts : withError(source.facts, input.error),
    variables: input.variables,
    artifacts,
    repeat: input.repeat,
    wait,
    usesState: source.definition.uses_state ?? [],
    stateWindowMinutes: source.definition.state_window_minutes,
    onWarning: (warning) => warnings.push(warning),
  };
}

const withError = (facts: RunFacts, error: RunError): RunFacts => ({ ...facts, run: { ...facts.run, error } });

/**
 * Names of fields and operators in traces, which are not masked. All other keys come from data that a condition has
 * read.
 */
export const TRACE_FIELDS: ReadonlySet<string> = new Set([
  ...['warnings', 'enabled', 'conditions', 'branch', 'iteration', 'problem', 'delay', 'until'],
  ...['condition', 'value', 'actual', 'wanted', 'parts', 'reason', 'one_of', 'since', 'for'],
  ...['==', '!=', '<', '>', '<=', '>=', 'in', 'above', 'below', 'after', 'before', 'weekday', 'timezone'],
]);

/** The fields of a step's trace that are stored in its row. */
export type KeptTrace = Partial<Pick<Step, 'warnings' | 'enabled' | 'conditions' | 'config'>>;

/** Returns the trace that is stored in the step's row, without the fields that are specific to the kind of step. */
export function traceOf(step: Step): KeptTrace {
  const { warnings, enabled, conditions, mask } = step;
  const trace = {
    ...(warnings.length === 0 ? {} : { warnings: [...new Set(warnings)] }),
    ...(enabled && { enabled }),
    ...(conditions && { conditions }),
  };
  const config = configOf(step);
  return {
    ...(Object.keys(trace).length === 0 ? trace : toStorable(mask(trace, TRACE_FIELDS))),
    ...(config && { config }),
  };
}

/**
 * Returns the rendered configuration in its stored form, which is masked and truncated. Returns undefined before the
 * configuration is rendered.
 */
export function configOf({ config, mask }: Pick<Step, 'config' | 'mask'>): Record<string, unknown> | undefined {
  return config && keptConfig(toStorable(maskFields(mask, config, 'all')));
}

/** Returns the run as the cause and actor of everything that its steps write. */
export function runCause({ source, names }: Step): Cause {
  const actor = { type: 'automation' as const, id: names.runId, name: source.facts.automation.name };
  return { actor, causedBy: names.runId, depth: source.depth };
}

/**
 * Returns a failure in the form that the step's row and `run.error` contain: masked, and truncated to 2,000 characters.
 */
export function runError(step: Step, code: string, message: string, status?: number): RunError {
  const { path, actionId } = step.names;
  return {
    code,
    message: shortText(toStorable(maskedMessage(step.mask, message))),
    path,
    ...(actionId === null ? {} : { actionId }),
    ...(status === undefined ? {} : { status }),
  };
}
