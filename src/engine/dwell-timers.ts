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
import type { Executor } from '../db/executor';
import type { Clock } from '../domain/clock';
import { messageOf } from '../domain/errors';
import type { FireAnswer } from '../domain/gates/dwell-messages';
import type { Logger } from '../log';
import { isTemporalAway } from '../temporal/availability';
import type { DwellStarter } from '../temporal/dwell-starter';
import { inLanes } from './in-lanes';
import type { LoopWatch } from './loop-watch';
import { createSweep, type Sweep } from './sweep';

/** Number of rows per statement. */
const BATCH = 200;
/** Maximum number of concurrent calls to Temporal. */
const CONCURRENT = 20;
/**
 * Milliseconds after its deadline at which a dwell is fired from its row, in case its workflow was lost or Temporal is
 * unreachable.
 */
const OVERDUE_MS = 5_000;

interface DwellTimersDeps {
  database: Database;
  clock: Clock;
  /** Returns the starter of dwells, or null while there is no connection to Temporal. */
  starter: () => DwellStarter | null;
  fire: (dwellId: string) => Promise<FireAnswer>;
  log: Logger;
  watch?: LoopWatch | undefined;
}

/**
 * Brings Temporal in line with the rows of dwells: starts the workflow of each armed dwell, terminates the workflow of
 * each ended dwell, and fires overdue dwells. The rows decide, so any worker may do this at any time and repeat it.
 */
export function createDwellTimers(deps: DwellTimersDeps): Sweep & { due: () => SQL } {
  const { clock, starter, log } = deps;
  const { db } = deps.database;
  const logFailure = (what: string, error: unknown): void => {
    if (!isTemporalAway(error)) log.warn({ reason: messageOf(error) }, `${what} failed; trying again`);
  };
  /** Does one kind of work. If it fails, the other kinds of work are still done. */
  const attempt = async (what: string, work: () => Promise<boolean>): Promise<boolean> => {
    try {
      return await work();
    } catch (error) {
      logFailure(what, error);
      return false;
    }
  };
  const sweep = createSweep({
    everyMs: 'poked',
    name: 'dwells',
    watch: deps.watch,
    async work(isStopped) {
      // While Temporal is unreachable, dwells are fired from their rows, up to `OVERDUE_MS` late.
      const temporal = starter();
      const more = [
        temporal !== null && (await attempt('starting dwells', () => startArmed(db, temporal))),
        temporal !== null && (await attempt('ending dwells', () => terminateEnded(db, temporal))),
        await attempt('firing overdue dwells', () => fireOverdue(deps, isStopped)),
      ];
      return more.includes(true);
    },
    onError: (error) => logFailure('the sweep of dwells', error),
  });
  return {
    ...sweep,
    due: () =>
      starter() === null
        ? dwellsOverdue(overdueLimits(clock))
        : sql`(${dwellsToSync} or ${dwellsOverdue(overdueLimits(clock))})`,
  };
}

/**
 * Starts the workflows of one batch. The size of the batch is limited, so that a dwell that becomes due during this
 * time need not wait for thousands of others. Returns whether there may be more.
 */
async function startArmed(db: Executor, temporal: DwellStarter): Promise<boolean> {
  const dwells = await takeStartableDwells(db, BATCH);
  const started: string[] = [];
  try {
    await inLanes(dwells, CONCURRENT, async (dwell) => {
      await temporal.start(dwell);
      started.push(dwell.id);
    });
    // Recorded even after an error, so that the dwells that were started are not started again. After a crash before
    // this write, the start is repeated and finds that the same dwell already holds the workflow id.
  } finally {
    await noteDwellsStarted(db, started);
  }
  return dwells.length === BATCH;
}

/** Terminates the workflows of one batch of ended dwells. Returns whether there may be more. */
async function terminateEnded(db: Executor, temporal: DwellStarter): Promise<boolean> {
  const ended = await endedDwells(db, BATCH);
  await inLanes(ended, CONCURRENT, (dwell) => temporal.terminate(dwell));
  // Rows are removed only after Temporal has confirmed. After a crash in between, the repeated call finds nothing to
  // terminate.
  await forgetDwellEnds(
    db,
    ended.map(({ id }) => id),
  );
  return ended.length === BATCH;
}

function overdueLimits(clock: Clock) {
  const now = clock.now();
  return { now, late: new Date(now.getTime() - OVERDUE_MS) };
}

/**
 * Fires overdue dwells from their rows. If the workflow's timer fires a dwell at the same time, the transaction that
 * locks the row second finds the dwell spent. Each page begins after the last row of the previous page, because a dwell
 * that has to wait for unrouted changes remains overdue.
 */
async function fireOverdue({ database, clock, fire }: DwellTimersDeps, isStopped: () => boolean): Promise<boolean> {
  const limits = overdueLimits(clock);
  let after: { id: string; firesAt: string } | undefined;
  do {
    const overdue = await overdueDwells(database.db, limits, BATCH, after);
    await inLanes(overdue, CONCURRENT, ({ id }) => fire(id));
    after = overdue.length === BATCH ? overdue.at(-1) : undefined;
  } while (after !== undefined && !isStopped());
  return false;
}
