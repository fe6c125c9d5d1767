import { sql } from 'drizzle-orm';
import type { Executor } from '../executor';
import { ACTIVE, inScope, type Bucket } from './bucket';

/**
 * Returns how many runs of a bucket are currently active, across all versions. Does not take the bucket's lock, so the
 * number is for display and not for decisions.
 */
export async function countActive(db: Executor, bucket: Bucket): Promise<number> {
  const result = await db.execute<{ count: number }>(
    sql`select count(*)::int as count from runs where ${inScope(bucket)} and status in ${ACTIVE}`,
  );
  return result.rows[0]?.count ?? 0;
}
