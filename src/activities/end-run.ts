import type { Database } from '../db/client';
import type { Bucket } from '../db/runs/bucket';
import { finishRun, type RunEnd } from '../db/runs/run-states';
import type { ActivityDeps } from './deps';

/** Writes the end of a run and lets the next run of its bucket start. Returns false if the run had already ended. */
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
 * Ends a run whose mode is not `queued`. Normally no run waits for this end, so the bucket is not locked, and a single
 * statement is enough when no steps are left to write.
 */
function endUnqueued({ db }: Database, bucket: Bucket, end: RunEnd): ReturnType<typeof finishRun> {
  if (end.journal.length === 0) return finishRun(db, bucket, end, 'unlocked');
  return db.transaction((tx) => finishRun(tx, bucket, end, 'unlocked'));
}
