import { ApplicationFailure, type Context } from '@temporalio/activity';
import { randomUUID } from 'node:crypto';
import type { AttemptKey } from '../db/runs/attempts';
import type { StepStart } from '../db/runs/step-states';
import type { RetryPlan } from '../domain/run/plan';
import type { CallingAction } from '../integrations/contract';
import type { ActionStepOfRun } from './step';

/** One attempt of a step that calls a provider. */
export interface Attempt {
  step: ActionStepOfRun;
  action: CallingAction;
  context: Context;
  key: AttemptKey;
  start: StepStart;
  /** Number of attempts that were sent. Includes this attempt once it has been sent. */
  sentCount: number;
  /**
   * The request that was sent or, with `answeredBefore`, would have been sent. `at` is a value of `performance.now()`.
   */
  sent?: { config: unknown; connectionType: string; connectionId: string; prepared: unknown; at: number };
  /** Set when the action returned a result without making a call. */
  answeredBefore?: true;
  /** Origin of the request. Known once the configuration is rendered. */
  origin?: string;
}

/** Returns the key that identifies this invocation of an activity as an attempt of its step. */
export function keyOf({ info }: Context): AttemptKey {
  const { workflowExecution, activityId, attempt, isLocal } = info;
  const of = `${workflowExecution?.runId ?? ''}/${isLocal ? 'local' : 'normal'}/${activityId}`;
  return { of, no: attempt, token: randomUUID() };
}

const SUPERSEDED_RETRY_MS = 1_000;

/**
 * Returns the failure of an attempt that another attempt of the same step has replaced. In most cases Temporal has
 * already timed out the replaced attempt and ignores its failure. Otherwise, for example after the process was
 * suspended, Temporal retries it after `SUPERSEDED_RETRY_MS`.
 */
export const superseded = ({ path }: { path: string }): ApplicationFailure =>
  ApplicationFailure.create({
    message: `Another attempt of ${path} has replaced this one.`,
    type: 'attempt_superseded',
    nextRetryDelay: SUPERSEDED_RETRY_MS,
  });

/** Returns the time limit of one attempt in milliseconds. */
export function timeoutOf(step: ActionStepOfRun, action: CallingAction, config: unknown): number {
  return step.action.timeout_seconds === undefined ? action.timeoutMs(config) : step.action.timeout_seconds * 1000;
}

/** Returns the retry policy of the step. */
export function retryOf({ action: { retry } }: ActionStepOfRun): RetryPlan {
  return {
    maxAttempts: retry.max_attempts,
    initialSeconds: retry.initial_seconds,
    factor: retry.factor,
    maxSeconds: retry.max_seconds,
  };
}
