/** Input of the workflow that a Temporal Schedule starts at each scheduled time. */
export interface ScheduleInput {
  v: 1;
  automationId: string;
  triggerId: string;
}

/** Activities of the workflow that a schedule starts. */
export interface ScheduleActivities {
  /**
   * Appends the event of a scheduled time to the log. Repeated calls append it only once. `begunAt` is when Temporal
   * started the workflow. Returns the outcome.
   */
  fireSchedule(input: {
    automationId: string;
    triggerId: string;
    scheduledFor: string;
    begunAt: string;
  }): Promise<string>;
}

/**
 * Kind of the change rows that schedules append. The entity ids of these rows consist of the ids of the automation and
 * the trigger.
 */
export const SCHEDULE_KIND = 'automation.schedule';
export const scheduleEntityId = (automationId: string, triggerId: string): string => `${automationId}/${triggerId}`;
