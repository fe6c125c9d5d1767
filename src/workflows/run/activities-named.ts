import { workflowInfo } from '@temporalio/workflow';
import type { RunActivities } from '../../domain/run/activities';

const FUNCTIONS = [
  'claimRun',
  'performStretch',
  'performStep',
  'failStep',
  'writeNotes',
  'noteRunFailed',
  'finishRun',
] as const satisfies readonly (keyof RunActivities)[];

type Call = (...args: unknown[]) => Promise<unknown>;

/**
 * Returns the activities of a run. They are called by `name`, which describes their work in the Web UI, and their
 * second argument is the name of the function to call. Executions of the type `runAutomation` were started by older
 * releases and use the names of the functions.
 */
export function activitiesNamed(activities: RunActivities, name: string): RunActivities {
  if (workflowInfo().workflowType === 'runAutomation') return activities;
  const byName = activities as unknown as Record<string, Call>;
  const calls = FUNCTIONS.map((fn) => [fn, (input: unknown) => (byName[name] as Call)(input, fn)] as const);
  return Object.fromEntries(calls) as unknown as RunActivities;
}
