import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client } from '@temporalio/client';

const SCHEDULE_ID = 'fermata-housekeeping';

/** Creates the housekeeping schedule if it does not exist. All workers of a task queue share one schedule. */
export async function ensureHousekeeping(client: Client, taskQueue: string): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId: `${SCHEDULE_ID}-${taskQueue}`,
      spec: { intervals: [{ every: '5 minutes' }] },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '5 minutes' },
      action: {
        type: 'startWorkflow',
        workflowType: 'housekeeping',
        workflowId: `${SCHEDULE_ID}-${taskQueue}`,
        taskQueue,
        staticSummary: 'Reconcile rows with Temporal, retention, partitions',
        workflowExecutionTimeout: '20 minutes',
      },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}
