import { sql, type SQL } from 'drizzle-orm';
import { WHOLE_AUTOMATION } from '../../domain/run/bucket';
import type { Executor } from '../executor';

/** A bucket of runs of one automation: what a concurrency decision is about. */
export interface Bucket {
  automationId: string;
  scopeKey: string;
}

/** Statuses in which a run counts for its bucket. */
export const ACTIVE = sql.raw(`('pending', 'running', 'waiting')`);

/**
 * Serialises decisions about a bucket until the end of the transaction. The whole automation excludes every bucket of
 * it, so that decisions taken by an older and a newer version, with different scopes, exclude each other as well.
 */
export async function lockBucket(tx: Executor, { automationId, scopeKey }: Bucket): Promise<void> {
  const automation = sql`hashtextextended(${`automation:${automationId}`}, 0)`;
  if (scopeKey === WHOLE_AUTOMATION) {
    await tx.execute(sql`select pg_advisory_xact_lock(${automation})`);
    return;
  }
  const bucket = sql`hashtextextended(${`bucket:${automationId}:${scopeKey}`}, 0)`;
  await tx.execute(sql`select pg_advisory_xact_lock_shared(${automation}), pg_advisory_xact_lock(${bucket})`);
}

/**
 * Condition on `runs`: in the scope of a bucket. By context key and not by the stored scope key, since runs of a
 * version with another scope count too.
 */
export function inScope({ automationId, scopeKey }: Bucket): SQL {
  const own = sql`automation_id = ${automationId}`;
  return scopeKey === WHOLE_AUTOMATION ? own : sql`${own} and coalesce(context_key, '') = ${scopeKey}`;
}
