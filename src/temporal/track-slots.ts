import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { Handover, Stretched } from '../domain/run/activities';
import { callsQueueOf } from '../domain/run/calls-queue';

/** Counts the workflow task slots of this process (`engine/start/run-slots.ts`). */
interface Slots {
  enter(executionRunId: string, runId: string | undefined): (handsOverTo?: string) => void;
  arrive(executionRunId: string, taskQueue: string): (handsOverTo?: string) => void;
}

/** Creates interceptors that report each activity. A local activity holds a workflow task slot until it ends. */
export function trackSlots(slots: Slots): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const execution = info.workflowExecution?.runId;
        if (execution === undefined) return next(input);
        const { runId } = Object(input.args[0]) as { runId?: unknown };
        const leave = info.isLocal
          ? slots.enter(execution, typeof runId === 'string' ? runId : undefined)
          : slots.arrive(execution, info.taskQueue);
        let callsOn: string | undefined;
        try {
          const result: unknown = await next(input);
          callsOn = handsOverTo(result, info.taskQueue);
          return result;
        } finally {
          leave(callsOn);
        }
      },
    },
  });
}

/**
 * Returns the task queue of the normal activity that follows an activity without a pause, or undefined when none
 * follows. This normal activity is a call that the last step of a stretch hands over, a call that follows the stretch,
 * or a call that moves to another task queue. The result of a dwell's activity also has a field `done`, but it is a
 * boolean.
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
