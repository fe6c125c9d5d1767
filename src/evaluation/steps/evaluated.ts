import type { Executor } from '../../db/executor';
import type { Clock } from '../../domain/clock';
import type { ConditionTrace } from '../../domain/conditions/trace-condition';
import type { ActionStep } from '../../domain/definition/action';
import type { StepEvaluation } from '../../domain/run/activities';
import type { Evaluator, ExpressionContext } from '../evaluator';

/** The result of evaluating a step, and the new state of its row. */
export interface Evaluated {
  evaluation: StepEvaluation;
  /** `running` while the step's children run, `waiting` while its timer runs. */
  status: 'running' | 'waiting' | 'success' | 'failed' | 'skipped';
  result?: unknown;
  /** How the result was reached. Stored with the decision. */
  trace?: Record<string, unknown>;
  /** Whether the run begins to wait. */
  waits?: boolean;
}

/** A step to evaluate. */
export interface EvaluatedStep {
  action: ActionStep;
  /** Number of the iteration. Set only when a `while` or `until` decides whether to continue. */
  input: { iteration?: number };
  /** Trace of the step's `enabled`. Set by the evaluation. */
  enabled?: ConditionTrace;
}

export interface EvaluateDeps {
  evaluator: Evaluator;
  clock: Clock;
}

/** Evaluates one kind of step. Throws the error that fails the step. */
export type EvaluateKind = (
  step: EvaluatedStep,
  scope: ExpressionContext,
  deps: EvaluateDeps,
  tx: Executor,
) => Promise<Evaluated>;
