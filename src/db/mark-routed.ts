import { sql, type SQL } from 'drizzle-orm';
import type { Executor } from './executor';

/** A change, and the epoch of the lease under which its partition is held (the fencing token). */
export interface ChangeFence {
  seq: number;
  partition: number;
  epoch: number;
}

/**
 * Marks changes as routed. A change is marked only if it is still unrouted and this worker's epoch of its partition is
 * current. Returns the positions of the marked changes. The other changes were already routed, or their partitions now
 * belong to other workers.
 */
export async function markRouted(
  tx: Executor,
  workerId: string,
  changes: readonly ChangeFence[],
): Promise<Set<number>> {
  if (changes.length === 0) return new Set();
  const result = await tx.execute<{ seq: string }>(markStatement(workerId, changes));
  return new Set(result.rows.map((row) => Number(row.seq)));
}

/**
 * Returns the statement that marks changes as routed and returns their positions. All changes that it marks have the
 * same `routed_at`: the start of the statement.
 */
export const markStatement = (workerId: string, changes: readonly ChangeFence[]): SQL => sql`
    update changes c set routed_at = statement_timestamp()
    from jsonb_to_recordset(${JSON.stringify(changes)}::jsonb) as f(seq bigint, partition smallint, epoch bigint)
    join partition_leases l on l.partition = f.partition and l.epoch = f.epoch and l.owner = ${workerId}
    where c.seq = f.seq and c.partition = f.partition and c.routed_at is null
    returning c.seq`;
