import type { Database } from '../db/client';
import { endedDwells, forgetDwellEnds, noteDwellsStarted, overdueDwells, takeStartableDwells } from '../db/dwells';
import type { Clock } from '../domain/clock';
import { messageOf } from '../domain/errors';
import type { FireAnswer } from '../domain/gates/dwell-messages';
import type { Logger } from '../log';
import { isTemporalAway } from '../temporal/availability';
import type { DwellStarter } from '../temporal/dwell-starter';
import { Sleeper } from './sleeper';

const SWEEP_MS = 1_000;
const BATCH = 200;
/** Calls to Temporal under way at a time. */
const CONCURRENT = 20;
/** A dwell so long past its deadline is fired from its row: its workflow was lost, or Temporal is away. */
const OVERDUE_MS = 5_000;

export interface DwellTimers {
  /** Dwells were armed. */
  poke(): void;
  stop(): Promise<void>;
}

/**
 * Brings Temporal in line with the rows of dwells: starts the workflow of each that is armed, ends that of each that is not,
 * and fires what is overdue. Rows are the truth; any worker may do it, at any time, again.
 */
export function createDwellTimers(deps: {
  database: Database;
  clock: Clock;
  /** null while Temporal has never been reached. */
  starter: () => DwellStarter | null;
  fire: (dwellId: string) => Promise<FireAnswer>;
  log: Logger;
}): DwellTimers {
  const { database, clock, starter, fire, log } = deps;
  const { db } = database;
  const sleeper = new Sleeper();
  let stopped = false;
  let poked = false;

  const startArmed = async (temporal: DwellStarter): Promise<void> => {
    for (let taken = BATCH; taken === BATCH;) {
      const dwells = await takeStartableDwells(db, BATCH);
      taken = dwells.length;
      const started: string[] = [];
      try {
        await eachOf(dwells, async (dwell) => {
          await temporal.start(dwell);
          started.push(dwell.id);
        });
      } finally {
        await noteDwellsStarted(db, started);
      }
    }
  };

  const tellEnded = async (temporal: DwellStarter): Promise<void> => {
    for (let taken = BATCH; taken === BATCH;) {
      const ids = await endedDwells(db, BATCH);
      taken = ids.length;
      await eachOf(ids, (id) => temporal.terminate(id));
      await forgetDwellEnds(db, ids);
    }
  };

  const fireOverdue = async (): Promise<void> => {
    const due = new Date(clock.now().getTime() - OVERDUE_MS);
    let after: { id: string; firesAt: string } | undefined;
    do {
      const overdue = await overdueDwells(db, due, BATCH, after);
      await eachOf(overdue, async ({ id }) => void (await fire(id)));
      after = overdue.length === BATCH ? overdue.at(-1) : undefined;
    } while (after !== undefined && !stopped);
  };

  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!isTemporalAway(error)) log.warn({ reason: messageOf(error) }, `${what} failed; trying again`);
    }
  };

  const loop = async (): Promise<void> => {
    while (!stopped) {
      poked = false;
      const temporal = starter();
      if (temporal) {
        await attempt('starting dwells', () => startArmed(temporal));
        await attempt('ending dwells', () => tellEnded(temporal));
      }
      await attempt('firing overdue dwells', fireOverdue);
      if (!stopped && !poked) await sleeper.sleep(SWEEP_MS);
    }
  };
  const running = loop();
  return {
    poke() {
      poked = true;
      sleeper.wake();
    },
    async stop() {
      stopped = true;
      sleeper.wake();
      await running;
    },
  };
}

/** A few at a time; the first error ends it, when those under way are done. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const lane = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  const lanes = await Promise.allSettled(Array.from({ length: CONCURRENT }, lane));
  for (const result of lanes) if (result.status === 'rejected') throw result.reason;
}
