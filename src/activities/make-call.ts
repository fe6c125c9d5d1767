import { CancelledFailure, type Context } from '@temporalio/activity';
import { renewInFlight } from '../db/runs/attempts';
import { isCallsQueue } from '../domain/run/calls-queue';
import type { ActionResult } from '../integrations/contract';
import { ProviderFailure } from '../integrations/provider-failure';
import type { Attempt } from './call-attempt';
import type { ActivityDeps } from './deps';
import { endOfAttempt } from './end-of-attempt';
import type { CallSlots } from './origin-load';

/** Makes the call. Until the call ends, it counts towards the load of its origin. */
export async function makeCall(
  { origins, database, onLocalCall }: ActivityDeps,
  { context, origin = '', step, key }: Attempt,
  timeoutMs: number,
  call: (signal: AbortSignal) => Promise<ActionResult>,
): Promise<ActionResult> {
  const { isLocal, workflowExecution } = context.info;
  const answered = isLocal ? onLocalCall(workflowExecution?.runId ?? '') : undefined;
  const end = origins.begin(origin, slotsOf(context));
  let timedOut = false;
  try {
    return await withBudget(context, timeoutMs, () => renewInFlight(database.db, step.names, key), call);
  } catch (error) {
    timedOut = error instanceof ProviderFailure && error.code === 'timeout';
    throw error;
  } finally {
    end({ timedOut });
    answered?.();
  }
}

/** Returns the kind of slot that this attempt takes. */
export const slotsOf = ({ info }: Context): CallSlots => {
  if (info.isLocal) return 'local';
  return isCallsQueue(info.taskQueue) ? 'calls' : 'normal';
};

/**
 * Makes a call, and aborts it after `timeoutMs`, or when its attempt must end.
 * @throws {ProviderFailure} `timeout` after `timeoutMs`
 * @throws {CancelledFailure} when the attempt must end
 */
async function withBudget(
  context: Context,
  timeoutMs: number,
  renew: () => Promise<boolean>,
  call: (signal: AbortSignal) => Promise<ActionResult>,
): Promise<ActionResult> {
  const budget = AbortSignal.timeout(timeoutMs);
  const end = endOfAttempt(context, renew);
  try {
    return await call(AbortSignal.any([budget, end.signal]));
  } catch (error) {
    if (end.signal.aborted) throw new CancelledFailure('The run was cancelled.');
    // A script or a command that was killed at the time limit has its own failure, with its output.
    if (error instanceof ProviderFailure && error.code === 'timeout') throw error;
    if (budget.aborted) throw new ProviderFailure('timeout', `No answer within ${timeoutMs} ms.`, { retryable: true });
    throw error;
  } finally {
    end.stop();
  }
}
