import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { Stretched } from '../domain/run/activities';
import { callsQueueOf } from '../domain/run/calls-queue';

/** Counts the workflow task slots of this process (`engine/start/run-slots.ts`). */
interface Slots {
  enter(executionRunId: string, runId: string | undefined): (handsOverTo?: string) => void;
  arrive(executionRunId: string, taskQueue: string): () => void;
}

/** Reports each local activity, whose execution holds a workflow task slot until it ends, and each normal one. */
export function trackSlots(slots: Slots): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const execution = info.workflowExecution?.runId;
        if (execution === undefined) return next(input);
        if (!info.isLocal) return next(input).finally(slots.arrive(execution, info.taskQueue));
        const { runId } = Object(input.args[0]) as { runId?: unknown };
        const leave = slots.enter(execution, typeof runId === 'string' ? runId : undefined);
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
 * Returns the task queue of the normal activity that the last step of a stretch becomes without a pause. Undefined for
 * the result of any other local activity: a dwell's has a `done` too, which is a boolean.
 */
function handsOverTo(result: unknown, taskQueue: string): string | undefined {
  const { done } = Object(result) as { done?: unknown };
  const last = Array.isArray(done) ? (done as Stretched['done']).at(-1) : undefined;
  if (last === undefined || !('performed' in last) || last.performed.type !== 'handover') return undefined;
  if (last.performed.delayMs > 0) return undefined;
  return last.performed.apart ? callsQueueOf(taskQueue) : taskQueue;
}
