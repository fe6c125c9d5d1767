import { proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type { ScheduleActivities, ScheduleInput } from '../../domain/schedules/schedule-messages';

const { fireSchedule } = proxyLocalActivities<ScheduleActivities>({
  startToCloseTimeout: '20 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

/**
 * Appends the event of one scheduled time of a cron or interval trigger to the change log, from which it is routed like
 * any other event. Returns the outcome.
 */
export async function schedule({ automationId, triggerId }: ScheduleInput): Promise<string> {
  const { searchAttributes, startTime } = workflowInfo();
  const [at = startTime] = (searchAttributes['TemporalScheduledStartTime'] ?? []) as unknown as Date[];
  const times = { scheduledFor: new Date(at).toISOString(), begunAt: startTime.toISOString() };
  return fireSchedule({ automationId, triggerId, ...times });
}
