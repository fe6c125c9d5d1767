import { sql, type SQL } from 'drizzle-orm';
import { WHOLE_AUTOMATION } from '../../domain/run/bucket';
import type { Executor } from '../executor';

/** A bucket of runs of one automation. Concurrency is decided per bucket. */
export interface Bucket {
  automationId: string;
  scopeKey: string;
}

/** Statuses in which a run counts towards the limit of its bucket. */
export const ACTIVE = sql.raw(`('pending', 'running', 'waiting')`);

/**
 * Serializes decisions about a bucket until the end of the transaction. Locking the whole automation excludes all of
 * its buckets, so that decisions for an older and a newer version with different scopes exclude each other as well.
 */
export async function lockBucket(tx: Executor, bucket: Bucket): Promise<void> {
  await lockBuckets(tx, [bucket]);
}

/**
 * Locks several buckets as `lockBucket` does, in one statement. All transactions use the same order, so that two of
 * them cannot deadlock.
 */
export async function lockBuckets(tx: Executor, buckets: readonly Bucket[]): Promise<void> {
  const locks = JSON.stringify(locksOf(buckets).map((lock, ord) => ({ ord, ...lock })));
  await tx.execute(sql`
    select case when l.shared then pg_advisory_xact_lock_shared(hashtextextended(l.name, 0))
      else pg_advisory_xact_lock(hashtextextended(l.name, 0)) end
    from (select name, shared from jsonb_to_recordset(${locks}::jsonb) as r(ord int, name text, shared boolean)
      order by ord offset 0) l`);
}

/**
 * Returns the locks of buckets in the order in which they must be taken. An automation's lock precedes the locks of its
 * buckets, and is exclusive when one of the buckets is the whole automation.
 */
function locksOf(buckets: readonly Bucket[]): { name: string; shared: boolean }[] {
  const byAutomation = new Map<string, Set<string>>();
  for (const { automationId, scopeKey } of buckets) {
    byAutomation.set(automationId, (byAutomation.get(automationId) ?? new Set()).add(scopeKey));
  }
  return [...byAutomation.keys()].sort().flatMap((automationId) => {
    const keys = byAutomation.get(automationId) ?? new Set();
    const isWhole = keys.delete(WHOLE_AUTOMATION);
    const own = { name: `automation:${automationId}`, shared: !isWhole };
    return [own, ...[...keys].sort().map((key) => ({ name: `bucket:${automationId}:${key}`, shared: false }))];
  });
}

/**
 * Returns a query for the ids of the active runs in the scope of a bucket, which is a row `b` with the columns
 * `automation_id` and `scope_key` (see `inScope`). It has two parts because Postgres uses the index on context keys only
 * if the condition has no `or`.
 */
export function activeIn(b: string, more: SQL = sql`true`): SQL {
  const bucket = (name: string) => sql.raw(`${b}.${name}`);
  const active = sql`select r.id from runs r
    where r.automation_id = ${bucket('automation_id')} and r.status in ${ACTIVE} and ${more}`;
  return sql`${active} and ${bucket('scope_key')} = ${WHOLE_AUTOMATION}
    union all ${active} and ${bucket('scope_key')} <> ${WHOLE_AUTOMATION}
      and coalesce(r.context_key, '') = ${bucket('scope_key')}`;
}

/**
 * Returns the SQL condition for the runs in the scope of a bucket. It compares context keys rather than stored scope
 * keys, because runs of a version with another scope also count.
 */
export function inScope({ automationId, scopeKey }: Bucket): SQL {
  const own = sql`automation_id = ${automationId}`;
  return scopeKey === WHOLE_AUTOMATION ? own : sql`${own} and coalesce(context_key, '') = ${scopeKey}`;
}
