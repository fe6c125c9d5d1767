import { sql, type SQL } from 'drizzle-orm';
import { WHOLE_AUTOMATION } from '../../domain/run/bucket';
import type { Executor } from '../executor';
import { ACTIVE, inScope, lockBucket, type Bucket } from './bucket';

/** The first queued run of a bucket, in the order of admission. */
export function headOf({ automationId, scopeKey }: Bucket): SQL {
  return sql`(
    select id from runs
    where automation_id = ${automationId} and scope_key = ${scopeKey} and status = 'pending' and start_at is null
    order by seq limit 1)`;
}

/** Whether nothing of the bucket is active that was let start, apart from a run that ends in the same statement. */
export function nobodyActive(bucket: Bucket, except: string | null = null): SQL {
  return sql`not exists (
    select 1 from runs
    where ${inScope(bucket)} and status in ${ACTIVE} and start_at is not null and id is distinct from ${except}::uuid)`;
}

/**
 * Lets the first queued run of a bucket start when nothing of the bucket is active before it. The caller holds the
 * bucket's lock. Returns the id of the run that may start now, or null.
 */
export async function promoteNext(tx: Executor, bucket: Bucket): Promise<string | null> {
  const result = await tx.execute<{ id: string }>(sql`
    update runs set start_at = clock_timestamp() where id = ${headOf(bucket)} and ${nobodyActive(bucket)}
    returning id`);
  return result.rows[0]?.id ?? null;
}

const STALLED = sql`p.status = 'pending' and p.start_at is null and not exists (
  select 1 from runs r
  where r.automation_id = p.automation_id and r.status in ${ACTIVE} and r.start_at is not null
    and (p.scope_key = ${WHOLE_AUTOMATION} or coalesce(r.context_key, '') = p.scope_key))`;

/** There is a bucket whose head waits although nothing is active before it. */
export const bucketStalled = sql`exists (select 1 from runs p where ${STALLED})`;

/** Buckets whose head waits although nothing is active before it: left by a change of scope, or by a lost race. */
export async function stalledBuckets(db: Executor): Promise<Bucket[]> {
  const result = await db.execute<{ automation_id: string; scope_key: string }>(sql`
    select distinct p.automation_id, p.scope_key from runs p where ${STALLED} limit 100`);
  return result.rows.map((row) => ({ automationId: row.automation_id, scopeKey: row.scope_key }));
}

/** Locks a bucket and promotes its head. */
export async function promoteStalled(tx: Executor, bucket: Bucket): Promise<string | null> {
  await lockBucket(tx, bucket);
  return promoteNext(tx, bucket);
}
