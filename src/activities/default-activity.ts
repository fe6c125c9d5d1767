import { Context } from '@temporalio/activity';
import type { RunActivities } from '../domain/run/activities';

type Activity = (input: unknown) => Promise<unknown>;

/**
 * Creates the activity that the worker runs for every activity name that is not registered. Runs name their activities
 * after the action, e.g. `incident.create`, and pass the name of the function to call as the second argument.
 * @throws {Error} when the function does not exist in this release; Temporal then offers the task to other workers,
 * which may run a newer release
 */
export function createDefaultActivity(activities: RunActivities): (input: unknown, fn: unknown) => Promise<unknown> {
  const byName = new Map(Object.entries(activities) as [string, Activity][]);
  return (input, fn) => {
    const activity = byName.get(String(fn));
    if (activity) return activity(input);
    return Promise.reject(new Error(`This worker does not have the activity ${Context.current().info.activityType}.`));
  };
}
