import { ApplicationFailure, type Context } from '@temporalio/activity';
import { beginStep, writeJournal } from '../db/runs/step-states';
import type { StepOutcome } from '../domain/run/activities';
import type { ActivityDeps } from './deps';
import { keyOf } from './call-attempt';
import { outcomeBefore } from './settle-step';
import type { ActionStepOfRun } from './step';

/** Timeout in milliseconds of one attempt at an action that this worker does not have. */
const UNKNOWN_TIMEOUT_MS = 600_000;
/** Milliseconds until Temporal offers the step to a worker again. */
const OFFER_AGAIN_MS = 1_000;

/**
 * Returns the failure of a normal activity on a worker that lacks filters. Temporal then offers the activity to other
 * workers, until one has the filters.
 */
export function lacksFilters(filters: readonly string[]): ApplicationFailure {
  const message = `This worker does not have filter ${filters.join(', ')}.`;
  return ApplicationFailure.create({ message, type: 'unknown_filter', nextRetryDelay: OFFER_AGAIN_MS });
}

/**
 * Returns the failure of a normal activity on a worker that lacks trigger types that the run's waits need. A worker
 * without the type of an event cannot decide whether the event ends a wait.
 */
export function lacksTriggers(events: readonly string[]): ApplicationFailure {
  const message = `This worker does not have trigger ${events.join(', ')}.`;
  return ApplicationFailure.create({ message, type: 'unknown_trigger', nextRetryDelay: OFFER_AGAIN_MS });
}

/**
 * Hands a step over to a worker that has its action. A local attempt returns a handover to a normal activity. A normal
 * activity throws `unknown_action`, and Temporal offers it to all workers until one has the action. This does not use
 * up an attempt. The step's row shows that the step is running.
 */
export async function leaveToOtherWorker(
  deps: ActivityDeps,
  step: ActionStepOfRun,
  context: Context,
): Promise<StepOutcome> {
  const { db } = deps.database;
  const { names, input } = step;
  await writeJournal(db, names.runId, input.journal);
  const start = await beginStep(db, names, 'show', input.wait, keyOf(context));
  const before = outcomeBefore(step, start);
  if (before) return before;
  const { attempts } = start;
  const { action, timeout_seconds: seconds } = step.action;
  if (context.info.isLocal) {
    return {
      type: 'handover',
      attempts,
      delayMs: 0,
      timeoutMs: seconds === undefined ? UNKNOWN_TIMEOUT_MS : seconds * 1_000,
    };
  }
  throw ApplicationFailure.create({
    ...{ message: `This worker does not have action ${action}.`, type: 'unknown_action' },
    nextRetryDelay: OFFER_AGAIN_MS,
  });
}
