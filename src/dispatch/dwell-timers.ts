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

  /** One batch, so that what is due meanwhile does not wait for thousands; tells whether there may be more. */
  const startArmed = async (temporal: DwellStarter): Promise<boolean> => {
    const dwells = await takeStartableDwells(db, BATCH);
    const started: string[] = [];
    try {
      await eachOf(dwells, async (dwell) => {
        await temporal.start(dwell);
        started.push(dwell.id);
      });
    } finally {
      await noteDwellsStarted(db, started);
    }
    return dwells.length === BATCH;
  };

  const tellEnded = async (temporal: DwellStarter): Promise<boolean> => {
    const ids = await endedDwells(db, BATCH);
    await eachOf(ids, (id) => temporal.terminate(id));
    await forgetDwellEnds(db, ids);
    return ids.length === BATCH;
  };

  const fireOverdue = async (): Promise<boolean> => {
    const now = clock.now();
    const late = new Date(now.getTime() - OVERDUE_MS);
    let after: { id: string; firesAt: string } | undefined;
    do {
      const overdue = await overdueDwells(db, { now, late }, BATCH, after);
      await eachOf(overdue, async ({ id }) => void (await fire(id)));
      after = overdue.length === BATCH ? overdue.at(-1) : undefined;
    } while (after !== undefined && !stopped);
    return false;
  };

  const attempt = async (what: string, work: () => Promise<boolean>): Promise<boolean> => {
    try {
      return await work();
    } catch (error) {
      if (!isTemporalAway(error)) log.warn({ reason: messageOf(error) }, `${what} failed; trying again`);
      return false;
    }
  };

  const loop = async (): Promise<void> => {
    while (!stopped) {
      poked = false;
      const temporal = starter();
      const more = [
        temporal !== null && (await attempt('starting dwells', () => startArmed(temporal))),
        temporal !== null && (await attempt('ending dwells', () => tellEnded(temporal))),
        await attempt('firing overdue dwells', fireOverdue),
      ];
      if (!stopped && !poked && !more.includes(true)) await sleeper.sleep(SWEEP_MS);
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
