import { sql, type SQL } from 'drizzle-orm';
import { isDatabaseUnavailable } from '../db/availability';
import type { Database } from '../db/client';
import type { EntityStore } from '../db/entity-store';
import type { Notifier } from '../db/notifier';
import type { Cause } from '../domain/entities/change';
import { messageOf } from '../domain/errors';
import type { Logger } from '../log';
import type { ClockWork } from '../domains/clock-work';
import type { DomainWrite } from '../domains/domain-write';
import { loseSilent, satellitesSilent } from '../domains/satellite/satellites';
import { computeDue, sendDigest, slosDue } from '../domains/slo/slos';
import { maintenancesDue, startAndEndDue } from '../domains/maintenance/maintenances';
import type { LoopWatch } from './loop-watch';
import { createSweep, type Sweep } from './sweep';

const BATCH = 50;
const CLOCK: Cause = { actor: { type: 'system', id: 'clock' }, causedBy: null, depth: 0 };

const BUILT_IN: readonly ClockWork[] = [
  { due: maintenancesDue, work: startAndEndDue },
  { due: satellitesSilent, work: loseSilent },
  { due: slosDue, work: computeDue },
];

export interface DomainTimer extends Sweep {
  /** Returns the SQL condition that is true when any of this work is due. */
  due: () => SQL;
}

/**
 * Creates the sweep for domain work that becomes due at a certain time: it starts and ends maintenances, marks silent
 * satellites offline, computes objectives, and sends the digest. Due work is found in the tables, so work that became
 * due while all workers were down is done late rather than lost. Each row is processed under its lock, by the first
 * worker that takes the lock.
 */
export function createDomainTimer(deps: {
  database: Database;
  entities: EntityStore;
  notifier: Pick<Notifier, 'changes'>;
  log: Logger;
  watch?: LoopWatch | undefined;
  more?: readonly ClockWork[];
}): DomainTimer {
  const { database, entities, notifier, log, more = [] } = deps;
  const all = [...BUILT_IN, ...more];

  const inTransaction = <T>(work: (write: DomainWrite) => Promise<T>): Promise<T> =>
    database.db.transaction((tx) => work({ tx, entities, cause: CLOCK, now: entities.clock.now() }));
  const doWork = async ({ work }: ClockWork, isStopped: () => boolean): Promise<void> => {
    for (let changed = BATCH; changed === BATCH && !isStopped();) {
      changed = await inTransaction((write) => work(write, BATCH));
      if (changed > 0) notifier.changes();
    }
  };
  const doDueWork = async (isStopped: () => boolean): Promise<void> => {
    const tasks = [
      ...all.map((each) => () => doWork(each, isStopped)),
      async () => {
        if (await inTransaction(sendDigest)) notifier.changes();
      },
    ];
    for (const task of tasks) {
      try {
        await task();
      } catch (error) {
        if (isDatabaseUnavailable(error)) throw error;
        // Work that fails must not delay the work of other domains.
        log.warn({ reason: messageOf(error) }, 'timed work of a domain failed; trying again');
      }
    }
  };
  const sweep = createSweep({
    everyMs: 'poked',
    name: 'domain-clock',
    watch: deps.watch,
    async work(isStopped) {
      await doDueWork(isStopped);
      return false;
    },
    onError: (error) => log.warn({ reason: messageOf(error) }, 'timed work of domains failed; trying again'),
  });
  return {
    ...sweep,
    due: () =>
      sql`(${sql.join(
        all.map(({ due }) => due(entities.clock.now())),
        sql` or `,
      )})`,
  };
}
