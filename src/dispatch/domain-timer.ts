import type { Database } from '../db/client';
import type { EntityStore } from '../db/entity-store';
import type { Notifier } from '../db/notifier';
import type { Cause } from '../domain/entities/change';
import { messageOf } from '../domain/errors';
import type { Logger } from '../log';
import { loseSilent } from '../providers/satellite/satellites';
import { computeDue, sendDigest } from '../providers/slo/slos';
import { startAndEndDue } from '../providers/maintenance/maintenances';
import { Sleeper } from './sleeper';

const EVERY_MS = 1_000;
const BATCH = 50;
const CLOCK: Cause = { actor: { type: 'system', id: 'clock' }, causedBy: null, depth: 0 };

/**
 * What the clock does in the domains: starts and ends maintenances, loses silent satellites, computes objectives, sends the digest. The rows are the timers: each look is one query on an index, whichever worker
 * comes first takes a row under its lock, and what fell due while all were down, or when the clock jumped, is due still.
 */
export function createDomainTimer(deps: {
  database: Database;
  entities: EntityStore;
  notifier: Pick<Notifier, 'changes'>;
  log: Logger;
}): { poke(): void; stop(): Promise<void> } {
  const { database, entities, notifier, log } = deps;
  const sleeper = new Sleeper();
  let stopped = false;

  const look = async (): Promise<void> => {
    for (const work of [startAndEndDue, loseSilent, computeDue]) {
      for (let changed = BATCH; changed === BATCH && !stopped;) {
        const now = entities.clock.now();
        changed = await database.db.transaction((tx) => work({ tx, entities, cause: CLOCK, now }, BATCH));
        if (changed > 0) notifier.changes();
      }
    }
    const now = entities.clock.now();
    const sent = await database.db.transaction((tx) => sendDigest({ tx, entities, cause: CLOCK, now }));
    if (sent) notifier.changes();
  };
  const loop = async (): Promise<void> => {
    while (!stopped) {
      await look().catch((error: unknown) =>
        log.warn({ reason: messageOf(error) }, 'what the clock does could not be looked at; trying again'),
      );
      if (!stopped) await sleeper.sleep(EVERY_MS);
    }
  };
  const running = loop();
  return {
    poke: () => sleeper.wake(),
    async stop() {
      stopped = true;
      sleeper.wake();
      await running;
    },
  };
}
