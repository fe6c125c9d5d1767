import { sql, type SQL } from 'drizzle-orm';
import { hasElapsed } from './elapsed';
import type { Executor } from './executor';

/** Seconds after which a lease expires unless it is renewed. */
export const LEASE_SECONDS = 5;
/** Seconds for which a partition that was handed over stays reserved for workers with the required plugins. */
const NEEDS_SECONDS = 60;

const until = sql`clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})`;
/**
 * SQL condition: the partition is reserved for workers with the required plugins, and a worker with these plugins is
 * live.
 */
const isReserved = sql`(needs is not null and needs_until > clock_timestamp() and exists (
  select 1 from workers w where w.expires_at >= clock_timestamp() and w.knows @> partition_leases.needs))`;
const textArray = (names: readonly string[]): SQL =>
  sql`(select array_agg(n) from jsonb_array_elements_text(${JSON.stringify(names)}::jsonb) n)`;

/** Renews a worker's leases. Returns the epoch of each leased partition, and whether the partition is reserved. */
export async function renewLeases(
  db: Executor,
  workerId: string,
): Promise<{ kept: Map<number, number>; reserved: Set<number> }> {
  const { rows } = await db.execute<{ partition: number; epoch: string; reserved: boolean }>(sql`
    update partition_leases set expires_at = ${until} where owner = ${workerId}
    returning partition, epoch, ${isReserved} as reserved`);
  const kept = new Map(rows.map((row) => [row.partition, Number(row.epoch)]));
  return { kept, reserved: new Set(rows.filter((row) => row.reserved).map((row) => row.partition)) };
}

/**
 * Takes up to `count` partitions that are free or whose lease has expired. Taking a partition raises its epoch, so that
 * later writes by its previous owner are refused. Returns the partitions and their new epochs.
 * @param which selects partitions that are not reserved, or those reserved for workers that provide these names
 */
export async function takeLeases(
  db: Executor,
  workerId: string,
  which: { ordinary: true } | { reservedFor: readonly string[] },
  count: number,
): Promise<[partition: number, epoch: number][]> {
  if (count <= 0) return [];
  const condition =
    'ordinary' in which ? sql`not ${isReserved}` : sql`${isReserved} and needs <@ ${textArray(which.reservedFor)}`;
  const { rows } = await db.execute<{ partition: number; epoch: string }>(sql`
    update partition_leases set owner = ${workerId}, epoch = epoch + 1, expires_at = ${until}
    where partition in (
      select partition from partition_leases
      where (owner is null or ${hasElapsed(sql`expires_at`)}) and ${condition}
      order by partition limit ${count} for update skip locked)
    returning partition, epoch`);
  return rows.map((row) => [row.partition, Number(row.epoch)]);
}

/** Releases the given partitions of a worker (default: all). Partitions of other workers are not changed. */
export async function giveUpLeases(db: Executor, workerId: string, partitions?: readonly number[]): Promise<void> {
  const which = partitions === undefined ? sql`` : sql`and partition = any(${`{${partitions.join(',')}}`}::smallint[])`;
  await db.execute(sql`
    update partition_leases set owner = null, expires_at = '-infinity' where owner = ${workerId} ${which}`);
}

/** Releases a partition and reserves it for 60 s for workers that provide all of `names`. */
export async function reserveLease(
  db: Executor,
  workerId: string,
  partition: number,
  names: readonly string[],
): Promise<void> {
  await db.execute(sql`
    update partition_leases set owner = null, expires_at = '-infinity', needs = ${textArray(names)},
      needs_until = clock_timestamp() + make_interval(secs => ${NEEDS_SECONDS})
    where owner = ${workerId} and partition = ${partition}`);
}
