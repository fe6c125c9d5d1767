import { sql } from 'drizzle-orm';
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

/**
 * Ends a run in the caller's transaction: the steps noted last, its row, steps left open around the one that ended it,
 * and the promotion of the next queued run of the bucket. `ended` is false when the run had ended before.
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
): Promise<{ ended: boolean; next: string | null }> {
  if (lock === 'lock') await lockBucket(tx, bucket);
  await writeJournal(tx, end.runId, end.journal);
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
  const result = await tx.execute<{ ended: boolean; next: string | null }>(sql`
    with ended as (
      update runs set status = ${end.status}, finished_at = clock_timestamp(), seq = nextval('change_seq'),
        ended_by = ${json(end.endedBy)}::jsonb, error = ${json(end.error)}::jsonb
      where id = ${end.runId} and status in ('pending', 'running', 'waiting')
      returning id),
    ${leftBy(sql`select id from ended`)},
    steps as (
      update run_steps set status = 'cancelled', finished_at = clock_timestamp(), seq = nextval('change_seq')
      where run_id in (select id from ended) and status in ('pending', 'running', 'waiting')),
    next as (
      update runs set start_at = clock_timestamp()
      where id = ${headOf(bucket)} and exists (select 1 from ended) and ${nobodyActive(bucket, end.runId)}
      returning id)
    select exists (select 1 from ended) as ended, (select id from next) as next`);
  return result.rows[0] ?? { ended: false, next: null };
}
