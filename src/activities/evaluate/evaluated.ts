import type { Executor } from '../../db/executor';
import type { StepEvaluation } from '../../domain/run/activities';
import type { ExpressionContext } from '../../evaluation/evaluator';
import type { ActivityDeps } from '../deps';
import type { Step } from '../step';

/** What evaluating a step gave and how its row stands now. */
export interface Evaluated {
  evaluation: StepEvaluation;
  /** `running` while its children run, `waiting` while its timer does. */
  status: 'running' | 'waiting' | 'success' | 'failed' | 'skipped';
  result?: unknown;
  /** How the result was reached; stored beside the decision. */
  trace?: Record<string, unknown>;
  /** The run waits from now on. */
  waits?: boolean;
}

/** Evaluates one kind of step. Throws what makes the step fail. */
export type EvaluateKind = (
  step: Step,
  scope: ExpressionContext,
  deps: ActivityDeps,
  tx: Executor,
) => Promise<Evaluated>;
