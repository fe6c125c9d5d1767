import { writeJournal } from '../db/runs/journal';
import { noteRunFailed } from '../db/runs/note-failed';
import type { RunActivities } from '../domain/run/activities';
import { createClaimRun } from './claim-run';
import type { ActivityDeps } from './deps';
import { endRun } from './end-run';
import { createCallStep } from './perform-step';
import { createPerformStretch } from './perform-stretch';
import { createFailStep } from './settle-step';

/** Everything that the run workflow calls. */
export function createActivities(deps: ActivityDeps): RunActivities {
  return {
    claimRun: createClaimRun(deps),
    performStretch: createPerformStretch(deps),
    performStep: createCallStep(deps),
    failStep: createFailStep(deps),
    writeNotes: ({ runId, journal }) => deps.database.db.transaction((tx) => writeJournal(tx, runId, journal)),
    noteRunFailed: (failure) => deps.database.db.transaction((tx) => noteRunFailed(tx, failure)),
    finishRun: (end) => endRun(deps, end),
  };
}
