import type { Database } from '../db/client';
import type { EntityStore } from '../db/entity-store';
import type { Notifier } from '../db/notifier';
import type { Cause } from '../domain/entities/change';
import { messageOf } from '../domain/errors';
import type { Logger } from '../log';
import type { DomainWrite } from '../domains/domain-write';
import { loseSilent } from '../domains/satellite/satellites';
import { computeDue, sendDigest } from '../domains/slo/slos';
import { startAndEndDue } from '../domains/maintenance/maintenances';
import type { LoopWatch } from './loop-watch';
import { createSweep, type Sweep } from './sweep';

const EVERY_MS = 1_000;
const BATCH = 50;
const CLOCK: Cause = { actor: { type: 'system', id: 'clock' }, causedBy: null, depth: 0 };

/**
 * What the clock does in the domains: starts and ends maintenances, loses silent satellites, computes objectives, sends the
 * digest. The rows are the timers: each look is one query on an index, whichever worker comes first takes a row under its lock,
 * and what fell due while all were down, or when the clock jumped, is due still.
 */
export function createDomainTimer(deps: {
  database: Database;
  entities: EntityStore;
  notifier: Pick<Notifier, 'changes'>;
  log: Logger;
  watch?: LoopWatch | undefined;
  /** What else falls due by the clock: returns how many rows it changed, at most `limit`. */
  more?: readonly ((write: DomainWrite, limit: number) => Promise<number>)[];
}): Sweep {
  const { database, entities, notifier, log, more = [] } = deps;

  const look = async (isStopped: () => boolean): Promise<void> => {
    for (const work of [startAndEndDue, loseSilent, computeDue, ...more]) {
      for (let changed = BATCH; changed === BATCH && !isStopped();) {
        const now = entities.clock.now();
        changed = await database.db.transaction((tx) => work({ tx, entities, cause: CLOCK, now }, BATCH));
        if (changed > 0) notifier.changes();
      }
    }
    const now = entities.clock.now();
    const sent = await database.db.transaction((tx) => sendDigest({ tx, entities, cause: CLOCK, now }));
    if (sent) notifier.changes();
  };
  return createSweep({
    everyMs: EVERY_MS,
    name: 'domain-clock',
    watch: deps.watch,
    async work(isStopped) {
      await look(isStopped);
      return false;
    },
    onError: (error) =>
      log.warn({ reason: messageOf(error) }, 'what the clock does could not be looked at; trying again'),
  });
}
