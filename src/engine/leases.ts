import { PARTITIONS } from '../db/change-log';
import type { Executor } from '../db/executor';
import { giveUpLeases, renewLeases, reserveLease, takeLeases } from '../db/partition-leases';
import type { Fleet } from './fleet';

export interface LeasesDeps {
  db: Executor;
  workerId: string;
  fleet: Fleet;
}

/** Partitions of the change log that this worker may route. */
export interface Leases {
  /**
   * Returns the held partitions, each with its epoch, which is the fencing token that every routing statement checks.
   */
  held(): ReadonlyMap<number, number>;
  /**
   * Renews the leases, releases leases beyond the fair share of this worker, and takes leases that are free or have
   * expired. Times are by the database's clock.
   */
  renew(): Promise<void>;
  /**
   * Releases a partition whose next change needs names that this worker does not provide, so that a worker that
   * provides them can take it.
   */
  handOver(partition: number, names: readonly string[]): Promise<void>;
  /** Releases all leases, so that other workers need not wait for them to expire, and takes no more. */
  release(): Promise<void>;
}

/**
 * Manages the leases of one worker process. When a worker dies, other workers take over its partitions after at most
 * 5 s plus the time until their next renewal. The routing statements of a process that was suspended for longer have no
 * effect, because the epochs of its partitions have changed.
 */
export function createLeases({ db, workerId, fleet }: LeasesDeps): Leases {
  let held = new Map<number, number>();
  let released = false;
  let renewing: Promise<void> = Promise.resolve();

  const renew = async (): Promise<void> => {
    const share = Math.ceil(PARTITIONS / (await fleet.announce()));
    const { kept, reserved } = await renewLeases(db, workerId);
    // Partitions that were handed over to this worker do not count towards its share.
    const ordinary = [...kept.keys()].filter((partition) => !reserved.has(partition));
    const surplus = ordinary.slice(share);
    if (surplus.length > 0) await giveUpLeases(db, workerId, surplus);
    for (const partition of surplus) kept.delete(partition);
    const handed = fleet.differs()
      ? await takeLeases(db, workerId, { reservedFor: fleet.names }, PARTITIONS - kept.size)
      : [];
    const taken = [...handed, ...(await takeLeases(db, workerId, { ordinary: true }, share - ordinary.length))];
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
      await reserveLease(db, workerId, partition, names);
    },
    async release() {
      released = true;
      await renewing.catch(() => undefined);
      held = new Map();
      await giveUpLeases(db, workerId);
      await fleet.withdraw();
    },
  };
}
