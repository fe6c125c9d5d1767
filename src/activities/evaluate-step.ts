import type { Executor } from '../db/executor';
import { beginStep, type StepStart, endStep, writeJournal } from '../db/runs/step-states';
import { setWaiting } from '../db/runs/run-states';
import { decidedBefore } from '../db/runs/outcomes';
import { isDatabaseUnavailable } from '../db/availability';
import { toStorable } from '../domain/entities/storable';
import { FermataError, messageOf } from '../domain/errors';
import type { StepEvaluation, StepInput } from '../domain/run/activities';
import { maskFields, NO_MASK, type Mask } from '../domain/secrets/mask-values';
import { evaluateKind } from '../evaluation/steps/evaluate-kind';
import type { Evaluated } from '../evaluation/steps/evaluated';
import type { ActivityDeps } from './deps';
import { evaluateWait } from './evaluate-wait';
import { placeOf, runError, scopeOf, stepOf, TRACE_FIELDS, traceOf, type Step } from './step';

/**
 * Returns the function that evaluates a step as part of a stretch: it evaluates the step against live state and writes
 * its row in the same transaction (for waits, see `evaluateWait`). If the step has already been evaluated, because an
 * execution is being replayed, the function returns the stored decision.
 */
export function createEvaluateStep(deps: ActivityDeps): (input: StepInput) => Promise<StepEvaluation> {
  return async (input) => {
    const step = stepOf(await deps.sourceOf(input.runId), input);
    const { action } = step;
    if ('wait_until' in action || 'wait_for_trigger' in action) return evaluateWait(deps, { ...step, action });
    return deps.database.db.transaction(async (tx) => {
      await writeJournal(tx, input.runId, input.journal);
      const start = await beginStep(tx, step.names, 'hold', step.input.wait);
      if (!start.open) return { type: 'closed' };
      const before = decidedBefore(start.decided, input.iteration);
      if (before) return withTimeLeft(deps, before);
      step.mask = deps.secrets.maskOf(input.runId, start.secrets);
      const evaluated = storable(await evaluate(deps, tx, step, start), step.mask);
      await writeRow(tx, step, evaluated);
      return withTimeLeft(deps, evaluated.evaluation);
    });
  };
}

/**
 * Adds the remaining time to the evaluation of a delay. A delay ends by the database's clock, but its timer runs in
 * Temporal.
 */
function withTimeLeft({ clock }: ActivityDeps, evaluation: StepEvaluation): StepEvaluation {
  if (evaluation.type !== 'delay') return evaluation;
  return { ...evaluation, ms: Math.max(0, evaluation.until - clock.now().getTime()) };
}

async function evaluate(deps: ActivityDeps, tx: Executor, step: Step, start: StepStart): Promise<Evaluated> {
  const scope = scopeOf(step, start);
  try {
    return await evaluateKind(step, scope, deps, tx);
  } catch (error) {
    if (isDatabaseUnavailable(error)) throw error;
    const code = error instanceof FermataError ? error.code : 'expression_error';
    return { evaluation: { type: 'failed', error: runError(step, code, messageOf(error)) }, status: 'failed' };
  }
}

/** Masks an evaluation and converts it to a form that rows can store. The execution continues with the stored form. */
function storable(evaluated: Evaluated, mask: Mask): Evaluated {
  return toStorable(masked(evaluated, mask));
}

/** Masks a decision. The names of its fields are kept. */
function masked(evaluated: Evaluated, mask: Mask): Evaluated {
  if (mask === NO_MASK) return evaluated;
  const { evaluation, result, trace, ...rest } = evaluated;
  return {
    ...rest,
    evaluation: maskedEvaluation(evaluation, mask),
    ...(result === undefined ? {} : { result: maskFields(mask, result, 'all') }),
    ...(trace && { trace: mask(trace, TRACE_FIELDS) }),
  };
}

/** Masks an evaluation. Keeps the names of variables and fields, and masks the keys of data. */
function maskedEvaluation(evaluation: StepEvaluation, mask: Mask): StepEvaluation {
  // The message of a failure is already masked, and its code contains no secrets, since Fermata defines all codes.
  if (evaluation.type === 'failed') return evaluation;
  if (evaluation.type === 'variables') {
    return { ...evaluation, variables: maskFields(mask, evaluation.variables, 'all') };
  }
  const { type, ...values } = evaluation;
  return { type, ...maskFields(mask, values, 'all') } as StepEvaluation;
}

async function writeRow(
  tx: Executor,
  step: Step,
  { evaluation, status, result, trace, waits }: Evaluated,
): Promise<void> {
  if (waits) await setWaiting(tx, step.names.runId);
  await endStep(tx, {
    ...placeOf(step),
    status,
    ...(result === undefined ? {} : { result }),
    ...(evaluation.type === 'failed' ? { error: evaluation.error } : {}),
    trace: { evaluation, ...traceOf(step), ...trace },
  });
}
