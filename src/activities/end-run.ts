import type { Database } from '../db/client';
import type { Bucket } from '../db/runs/bucket';
import { finishRun, type RunEnd } from '../db/runs/run-states';
import type { ActivityDeps } from './deps';

/** Writes how a run ended, and lets the next one of its queue start. False: it had ended before. */
export async function endRun(deps: ActivityDeps, end: RunEnd): Promise<boolean> {
  const { database } = deps;
  const { mode, ...bucket } = await deps.sourceOf(end.runId);
  const { ended, next } = await (mode === 'queued'
    ? database.db.transaction((tx) => finishRun(tx, bucket, end))
    : endUnqueued(database, bucket, end));
  if (next !== null) deps.onRunsToStart();
  return ended;
}

/**
 * Outside of `queued` nobody waits for the end of a run, so it takes no lock that starts of the same bucket wait for, and
 * without steps left to note it is one statement.
 */
function endUnqueued({ db }: Database, bucket: Bucket, end: RunEnd): ReturnType<typeof finishRun> {
  if (end.journal.length === 0) return finishRun(db, bucket, end, 'unlocked');
  return db.transaction((tx) => finishRun(tx, bucket, end, 'unlocked'));
}
