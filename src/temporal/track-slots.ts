import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** Notifies of each local activity: its execution holds a workflow task slot until it ends. */
export function trackSlots(
  enter: (executionRunId: string, runId: string | undefined) => () => void,
): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const execution = info.workflowExecution?.runId;
        if (!info.isLocal || execution === undefined) return next(input);
        const { runId } = Object(input.args[0]) as { runId?: unknown };
        const leave = enter(execution, typeof runId === 'string' ? runId : undefined);
        try {
          return await next(input);
        } finally {
          leave();
        }
      },
    },
  });
}
