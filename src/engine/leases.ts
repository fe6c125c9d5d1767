import { sql } from 'drizzle-orm';
import { PARTITIONS } from '../db/change-log';
import type { Executor } from '../db/executor';

/** A lease lives this long without renewal; a dead worker's partitions are taken over after at most this plus a renewal. */
const LEASE_SECONDS = 5;

export interface LeasesDeps {
  db: Executor;
  workerId: string;
  host: string;
  pid: number;
}

/** Partitions of the change log that this worker may route. */
export interface Leases {
  /** Partition → epoch, the fencing token that every routing statement checks. */
  held(): ReadonlyMap<number, number>;
  /** Renews, gives up what is over the fair share, takes what is free or expired. All times are the database's. */
  renew(): Promise<void>;
  /** Gives everything back, so that others need not wait for expiry. */
  release(): Promise<void>;
}

/** Leases of one worker process. A process that slept finds its epochs outdated at its next statement. */
export function createLeases({ db, workerId, host, pid }: LeasesDeps): Leases {
  let held = new Map<number, number>();
  const until = sql`clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})`;

  const announce = async (): Promise<number> => {
    const result = await db.execute<{ live: number }>(sql`
      with mine as (
        insert into workers (id, host, pid, expires_at) values (${workerId}, ${host}, ${pid}, ${until})
        on conflict (id) do update set expires_at = excluded.expires_at,
          -- A process that slept was not there meanwhile.
          started_at = case when workers.expires_at < clock_timestamp() then clock_timestamp() else workers.started_at end),
      dead as (delete from workers where expires_at < clock_timestamp() and id <> ${workerId})
      select count(*)::int as live from workers where id <> ${workerId} and expires_at >= clock_timestamp()`);
    return 1 + (result.rows[0]?.live ?? 0);
  };

  const keep = async (): Promise<Map<number, number>> => {
    const result = await db.execute<{ partition: number; epoch: string }>(sql`
      update partition_leases set expires_at = ${until} where owner = ${workerId} returning partition, epoch`);
    return new Map(result.rows.map((row) => [row.partition, Number(row.epoch)]));
  };

  const giveUp = async (partitions: readonly number[]): Promise<void> => {
    await db.execute(sql`
      update partition_leases set owner = null, expires_at = '-infinity'
      where owner = ${workerId} and partition = any(${`{${partitions.join(',')}}`}::smallint[])`);
  };

  const take = async (count: number): Promise<[number, number][]> => {
    const result = await db.execute<{ partition: number; epoch: string }>(sql`
      update partition_leases set owner = ${workerId}, epoch = epoch + 1, expires_at = ${until}
      where partition in (
        select partition from partition_leases where owner is null or expires_at < clock_timestamp()
        order by partition limit ${count} for update skip locked)
      returning partition, epoch`);
    return result.rows.map((row) => [row.partition, Number(row.epoch)]);
  };

  return {
    held: () => held,
    async renew() {
      const share = Math.ceil(PARTITIONS / (await announce()));
      const kept = await keep();
      const surplus = [...kept.keys()].slice(share);
      if (surplus.length > 0) await giveUp(surplus);
      for (const partition of surplus) kept.delete(partition);
      if (kept.size < share) for (const [partition, epoch] of await take(share - kept.size)) kept.set(partition, epoch);
      held = kept;
    },
    async release() {
      const mine = [...held.keys()];
      held = new Map();
      await giveUp(mine);
      await db.execute(sql`delete from workers where id = ${workerId}`);
    },
  };
}
