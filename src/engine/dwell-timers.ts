import { sql, type SQL } from 'drizzle-orm';
import type { Database } from '../db/client';
import {
  dwellsOverdue,
  dwellsToSync,
  endedDwells,
  forgetDwellEnds,
  noteDwellsStarted,
  overdueDwells,
  takeStartableDwells,
} from '../db/dwells';
import type { Clock } from '../domain/clock';
import { messageOf } from '../domain/errors';
import type { FireAnswer } from '../domain/gates/dwell-messages';
import type { Logger } from '../log';
import { isTemporalAway } from '../temporal/availability';
import type { DwellStarter } from '../temporal/dwell-starter';
import { inLanes } from './in-lanes';
import type { LoopWatch } from './loop-watch';
import { createSweep, type Sweep } from './sweep';

const BATCH = 200;
/** Calls to Temporal under way at a time. */
const CONCURRENT = 20;
/** A dwell so long past its deadline is fired from its row: its workflow was lost, or Temporal is away. */
const OVERDUE_MS = 5_000;

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
  watch?: LoopWatch | undefined;
}): Sweep & { due: () => SQL } {
  const { database, clock, starter, fire, log } = deps;
  const { db } = database;

  /** One batch, so that what is due meanwhile does not wait for thousands; tells whether there may be more. */
  const startArmed = async (temporal: DwellStarter): Promise<boolean> => {
    const dwells = await takeStartableDwells(db, BATCH);
    const started: string[] = [];
    try {
      await inLanes(dwells, CONCURRENT, async (dwell) => {
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
    await inLanes(ids, CONCURRENT, (id) => temporal.terminate(id));
    await forgetDwellEnds(db, ids);
    return ids.length === BATCH;
  };

  const overdueNow = () => {
    const now = clock.now();
    return { now, late: new Date(now.getTime() - OVERDUE_MS) };
  };
  const fireOverdue = async (isStopped: () => boolean): Promise<boolean> => {
    const limits = overdueNow();
    let after: { id: string; firesAt: string } | undefined;
    do {
      const overdue = await overdueDwells(db, limits, BATCH, after);
      await inLanes(overdue, CONCURRENT, ({ id }) => fire(id));
      after = overdue.length === BATCH ? overdue.at(-1) : undefined;
    } while (after !== undefined && !isStopped());
    return false;
  };

  const noteFailure = (what: string, error: unknown): void => {
    if (!isTemporalAway(error)) log.warn({ reason: messageOf(error) }, `${what} failed; trying again`);
  };
  const attempt = async (what: string, work: () => Promise<boolean>): Promise<boolean> => {
    try {
      return await work();
    } catch (error) {
      noteFailure(what, error);
      return false;
    }
  };

  const sweep = createSweep({
    everyMs: 'poked',
    name: 'dwells',
    watch: deps.watch,
    async work(isStopped) {
      const temporal = starter();
      const more = [
        temporal !== null && (await attempt('starting dwells', () => startArmed(temporal))),
        temporal !== null && (await attempt('ending dwells', () => tellEnded(temporal))),
        await attempt('firing overdue dwells', () => fireOverdue(isStopped)),
      ];
      return more.includes(true);
    },
    onError: (error) => noteFailure('looking after dwells', error),
  });
  return {
    ...sweep,
    due: () =>
      starter() === null ? dwellsOverdue(overdueNow()) : sql`(${dwellsToSync} or ${dwellsOverdue(overdueNow())})`,
  };
}
