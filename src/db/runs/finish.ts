import { sql, type SQL } from 'drizzle-orm';
import type { EndedBy, RunError, StepRecord } from '../../domain/run/step-record';
import type { Executor } from '../executor';
import { lockBucket, type Bucket } from './bucket';
import { writeJournal } from './journal';
import { leftBy } from './waits';
import { headOf, nobodyActive } from './promote';

export interface RunEnd {
  runId: string;
  status: 'success' | 'failed' | 'cancelled';
  endedBy?: EndedBy;
  error?: RunError;
  journal: readonly StepRecord[];
}

/** `ended` is false when the run had ended before. */
export interface RunEnded {
  ended: boolean;
  /** The queued run of its bucket that may start now. */
  next: string | null;
}

/**
 * Ends a run in the caller's transaction: the steps noted last, its row, steps left open around the one that ended it,
 * and the promotion of the next queued run of the bucket.
 */
export async function finishRun(
  tx: Executor,
  bucket: Bucket,
  end: RunEnd,
  /**
   * `unlocked` takes no lock of the bucket and may miss a run that is queued at the same moment (a mode was changed): the sweep
   * promotes it a second later.
   */
  lock: 'lock' | 'unlocked' = 'lock',
): Promise<RunEnded> {
  if (lock === 'lock') await lockBucket(tx, bucket);
  await writeJournal(tx, end.runId, end.journal);
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
  const result = await tx.execute<RunEnded & Record<string, unknown>>(sql`
    with ended as (
      update runs set status = ${end.status}, finished_at = clock_timestamp(), seq = nextval('change_seq'),
        ended_by = ${json(end.endedBy)}::jsonb, error = ${json(end.error)}::jsonb
      where id = ${end.runId} and status in ('pending', 'running', 'waiting')
      returning id),
    ${leftByRun(bucket, end.runId)}
    select exists (select 1 from ended) as ended, (select id from next) as next`);
  return result.rows[0] ?? { ended: false, next: null };
}

/**
 * Returns what follows from the end of a run, which the part `ended` of the same statement has returned: its waits and secrets are
 * deleted, open steps are cancelled, the head of its bucket is promoted.
 */
export const leftByRun = (bucket: Bucket, runId: string, openSteps: SQL = sql`true`): SQL => sql`
    ${leftBy(sql`select id from ended`)},
    steps as (
      update run_steps set status = 'cancelled', finished_at = clock_timestamp(), seq = nextval('change_seq')
      where run_id in (select id from ended) and status in ('pending', 'running', 'waiting') and ${openSteps}),
    next as (
      update runs set start_at = clock_timestamp()
      where id = ${headOf(bucket)} and exists (select 1 from ended) and ${nobodyActive(bucket, runId)}
      returning id)`;
