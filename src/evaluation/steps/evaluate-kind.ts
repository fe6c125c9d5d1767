import type { Executor } from '../../db/executor';
import { kindOf, type ActionKind } from '../../domain/definition/action-kind';
import type { ExpressionContext } from '../evaluator';
import { chooseBranch } from './choose';
import { checkCondition } from './condition';
import { fixDelay } from './delay';
import { isEnabled } from './enabled';
import type { Evaluated, EvaluateDeps, EvaluatedStep, EvaluateKind } from './evaluated';
import { evaluateRepeat } from './repeat';
import { renderStopReason } from './stop';
import { renderStepVariables } from './variables';

const nothing: EvaluateKind = () => Promise.resolve({ evaluation: { type: 'enabled' }, status: 'running' });

const KINDS: Record<Exclude<ActionKind, 'wait_for_trigger' | 'wait_until'>, EvaluateKind> = {
  action: nothing,
  sequence: nothing,
  stop: renderStopReason,
  choose: chooseBranch,
  condition: checkCondition,
  variables: renderStepVariables,
  delay: fixDelay,
  parallel: nothing,
  repeat: evaluateRepeat,
};

/** Evaluates a step of any kind except a wait, for runs and for dry runs. Throws the error that fails the step. */
export async function evaluateKind(
  step: EvaluatedStep,
  scope: ExpressionContext,
  deps: EvaluateDeps,
  db: Executor,
): Promise<Evaluated> {
  // A loop that continues was found enabled when it began.
  if (step.input.iteration === undefined && !(await isEnabled(db, deps, step, scope))) {
    return { evaluation: { type: 'skipped' }, status: 'skipped' };
  }
  return KINDS[kindOf(step.action) as keyof typeof KINDS](step, scope, deps, db);
}
