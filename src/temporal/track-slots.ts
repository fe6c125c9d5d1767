import { ApplicationFailure, type Context } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { Handover, Stretched } from '../domain/run/activities';
import { callsQueueOf } from '../domain/run/calls-queue';

/** Counts the workflow task slots of this process (`engine/start/run-slots.ts`). */
interface Slots {
  enter(executionRunId: string, runId: string | undefined): (handsOverTo?: string) => void;
  arrive(executionRunId: string, taskQueue: string): (handsOverTo?: string) => void;
  resume(runId: string, signal: AbortSignal): Promise<void>;
}

/**
 * Milliseconds between heartbeats while an activity's run waits to continue. This is well below the heartbeat timeout
 * of 5 s.
 */
const HEARTBEAT_MS = 1_000;

/**
 * Creates interceptors that report each activity to `slots`. A local activity holds a workflow task slot until it ends.
 * A normal activity reports its result to Temporal only when its run may continue.
 */
export function trackSlots(slots: Slots): ActivityInterceptorsFactory {
  return (context) => ({
    inbound: {
      async execute(input, next) {
        const { info } = context;
        const execution = info.workflowExecution?.runId;
        if (execution === undefined) return next(input);
        const runId = runIdOf(input.args[0]);
        const leave = info.isLocal ? slots.enter(execution, runId) : slots.arrive(execution, info.taskQueue);
        let callsOn: string | undefined;
        try {
          const result: unknown = await next(input);
          callsOn = handsOverTo(result, info.taskQueue);
          if (!info.isLocal && callsOn === undefined) await mayResume(slots, runId, context);
          return result;
        } catch (error) {
          if (!info.isLocal && isFinal(error)) await mayResume(slots, runId, context);
          throw error;
        } finally {
          leave(callsOn);
        }
      },
    },
  });
}

function runIdOf(input: unknown): string | undefined {
  const { runId } = Object(input) as { runId?: unknown };
  return typeof runId === 'string' ? runId : undefined;
}

/** Waits until the run of a normal activity may continue. The outcome of the step has already been written. */
async function mayResume(slots: Slots, runId: string | undefined, context: Context): Promise<void> {
  if (runId === undefined) return;
  const heartbeat = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
  await slots.resume(runId, context.cancellationSignal).finally(() => clearInterval(heartbeat));
}

/** Returns whether this error is final for an activity: Temporal does not retry the activity, so its run continues. */
const isFinal = (error: unknown): boolean => error instanceof ApplicationFailure && error.nonRetryable === true;

/**
 * Returns the task queue of the normal activity that follows an activity without a pause, or undefined when none
 * follows. This normal activity is a call that the last step of a stretch hands over, a call that follows the stretch,
 * or a call that moves to another task queue. The result of a dwell's activity also has a field `done`, but there it is
 * a boolean.
 */
function handsOverTo(result: unknown, taskQueue: string): string | undefined {
  const { done, call } = Object(result) as { done?: unknown; call?: Stretched['call'] };
  const queueOf = ({ apart }: { apart?: true }) => (apart ? callsQueueOf(taskQueue) : taskQueue);
  if (!Array.isArray(done)) return isHandover(result) ? queueOf(result) : undefined;
  if (call !== undefined) return queueOf(call);
  const last = (done as Stretched['done']).at(-1);
  return last !== undefined && 'performed' in last && isHandover(last.performed) ? queueOf(last.performed) : undefined;
}

/** Returns whether a normal activity takes over from the activity with this outcome, without a pause. */
function isHandover(outcome: unknown): outcome is Handover {
  const { type, delayMs } = Object(outcome) as Partial<Handover>;
  return type === 'handover' && delayMs === 0;
}
