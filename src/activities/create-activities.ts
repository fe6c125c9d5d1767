import { writeJournal } from '../db/runs/step-states';
import { noteRunFailed } from '../db/runs/run-states';
import type { RunActivities } from '../domain/run/activities';
import { createClaimRun } from './claim-run';
import { createDefaultActivity } from './default-activity';
import type { ActivityDeps } from './deps';
import { endRun } from './end-run';
import { createCallStep } from './perform-step';
import { createPerformStretch } from './perform-stretch';
import { createFailStep } from './settle-step';

/** Returns the activities for the workflow of a run, which calls them either by function name or by action name. */
export function createActivities(deps: ActivityDeps): RunActivities & { default: object } {
  const activities: RunActivities = {
    claimRun: createClaimRun(deps),
    performStretch: createPerformStretch(deps),
    performStep: createCallStep(deps),
    failStep: createFailStep(deps),
    writeNotes: ({ runId, journal }) => deps.database.db.transaction((tx) => writeJournal(tx, runId, journal)),
    noteRunFailed: (failure) => deps.database.db.transaction((tx) => noteRunFailed(tx, failure)),
    finishRun: (end) => endRun(deps, end),
  };
  return { ...activities, default: createDefaultActivity(activities) };
}
