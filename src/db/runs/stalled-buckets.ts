import { sql } from 'drizzle-orm';
import type { Executor } from '../executor';
import { activeIn, lockBucket, type Bucket } from './bucket';
import { promoteNext } from './run-states';

const STALLED = sql`p.status = 'pending' and p.start_at is null
  and not exists (${activeIn('p', sql`r.start_at is not null`)})`;

/** SQL condition: the first queued run of some bucket is waiting although no active run precedes it. */
export const bucketStalled = sql`exists (select 1 from runs p where ${STALLED})`;

/**
 * Returns buckets whose first queued run is waiting although no active run precedes it. This happens after the scope
 * was changed, or after a lost race.
 */
export async function stalledBuckets(db: Executor): Promise<Bucket[]> {
  const result = await db.execute<{ automation_id: string; scope_key: string }>(sql`
    select distinct p.automation_id, p.scope_key from runs p where ${STALLED} limit 100`);
  return result.rows.map((row) => ({ automationId: row.automation_id, scopeKey: row.scope_key }));
}

/** Locks a bucket and lets its first queued run start. Returns the id of the run, or null when it may not start. */
export async function promoteStalled(tx: Executor, bucket: Bucket): Promise<string | null> {
  await lockBucket(tx, bucket);
  return promoteNext(tx, bucket);
}
