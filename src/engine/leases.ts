import { sql, type SQL } from 'drizzle-orm';
import { PARTITIONS } from '../db/change-log';
import type { Executor } from '../db/executor';
import type { Fleet } from './fleet';

/** A lease lives this long without renewal; a dead worker's partitions are taken over after at most this plus a renewal. */
export const LEASE_SECONDS = 5;
/** A partition that was handed to a worker that knows more stays reserved for such workers for so long. */
const NEEDS_SECONDS = 60;

export interface LeasesDeps {
  db: Executor;
  workerId: string;
  fleet: Fleet;
}

/** Partitions of the change log that this worker may route. */
export interface Leases {
  /** Partition → epoch, the fencing token that every routing statement checks. */
  held(): ReadonlyMap<number, number>;
  /** Renews, gives up what is over the fair share, takes what is free or expired. All times are the database's. */
  renew(): Promise<void>;
  /** Gives a partition up whose next change needs names that this worker does not know; workers that know them take it. */
  handOver(partition: number, names: readonly string[]): Promise<void>;
  /** Gives everything back, so that others need not wait for expiry. */
  release(): Promise<void>;
}

/** Leases of one worker process. A process that slept finds its epochs outdated at its next statement. */
export function createLeases({ db, workerId, fleet }: LeasesDeps): Leases {
  let held = new Map<number, number>();
  let released = false;
  let renewing: Promise<void> = Promise.resolve();
  const until = sql`clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})`;
  const known = sql`(select array_agg(n) from jsonb_array_elements_text(${JSON.stringify(fleet.names)}::jsonb) n)`;
  /** The partition is reserved for a worker with the plugins that it needs, and such a worker is live. */
  const isReserved = sql`(needs is not null and needs_until > clock_timestamp() and exists (
    select 1 from workers w where w.expires_at >= clock_timestamp() and w.knows @> partition_leases.needs))`;

  const keep = async (): Promise<{ kept: Map<number, number>; reserved: Set<number> }> => {
    const result = await db.execute<{ partition: number; epoch: string; reserved: boolean }>(sql`
      update partition_leases set expires_at = ${until} where owner = ${workerId}
      returning partition, epoch, ${isReserved} as reserved`);
    const kept = new Map(result.rows.map((row) => [row.partition, Number(row.epoch)]));
    return { kept, reserved: new Set(result.rows.filter((row) => row.reserved).map((row) => row.partition)) };
  };

  const giveUp = async (partitions: readonly number[]): Promise<void> => {
    await db.execute(sql`
      update partition_leases set owner = null, expires_at = '-infinity'
      where owner = ${workerId} and partition = any(${`{${partitions.join(',')}}`}::smallint[])`);
  };

  const take = async (which: SQL, count: number): Promise<[number, number][]> => {
    if (count <= 0) return [];
    const result = await db.execute<{ partition: number; epoch: string }>(sql`
      update partition_leases set owner = ${workerId}, epoch = epoch + 1, expires_at = ${until}
      where partition in (
        select partition from partition_leases
        where (owner is null or expires_at < clock_timestamp()) and ${which}
        order by partition limit ${count} for update skip locked)
      returning partition, epoch`);
    return result.rows.map((row) => [row.partition, Number(row.epoch)]);
  };

  const renew = async (): Promise<void> => {
    const share = Math.ceil(PARTITIONS / (await fleet.announce()));
    const { kept, reserved } = await keep();
    // What was handed to this worker comes on top of its share.
    const ordinary = [...kept.keys()].filter((partition) => !reserved.has(partition));
    const surplus = ordinary.slice(share);
    if (surplus.length > 0) await giveUp(surplus);
    for (const partition of surplus) kept.delete(partition);
    const taken = [
      ...(fleet.differs() ? await take(sql`${isReserved} and needs <@ ${known}`, PARTITIONS - kept.size) : []),
      ...(await take(sql`not ${isReserved}`, share - ordinary.length)),
    ];
    for (const [partition, epoch] of taken) kept.set(partition, epoch);
    held = kept;
  };

  return {
    held: () => held,
    renew() {
      return (renewing = renewing.catch(() => undefined).then(() => (released ? undefined : renew())));
    },
    async handOver(partition, names) {
      held.delete(partition);
      await db.execute(sql`
        update partition_leases set owner = null, expires_at = '-infinity',
          needs = (select array_agg(n) from jsonb_array_elements_text(${JSON.stringify(names)}::jsonb) n),
          needs_until = clock_timestamp() + make_interval(secs => ${NEEDS_SECONDS})
        where owner = ${workerId} and partition = ${partition}`);
    },
    async release() {
      released = true;
      await renewing.catch(() => undefined);
      held = new Map();
      await db.execute(sql`
        update partition_leases set owner = null, expires_at = '-infinity' where owner = ${workerId}`);
      await fleet.withdraw();
    },
  };
}
