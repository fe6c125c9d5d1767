import type { Database } from '../db/client';
import { endedDwells, forgetDwellEnds, noteDwellsStarted, takeStartableDwells } from '../db/dwells';
import type { Executor } from '../db/executor';
import { messageOf } from '../domain/errors';
import type { Logger } from '../log';
import { isTemporalUnavailable } from '../temporal/availability';
import type { DwellStarter } from '../temporal/dwell-starter';
import { inLanes } from './in-lanes';
import type { LoopWatch } from './loop-watch';
import { createSweep, type Sweep } from './sweep';

/** Number of rows per statement. */
const BATCH = 200;
/** Maximum number of concurrent calls to Temporal. */
const CONCURRENT = 20;

interface DwellTimersDeps {
  database: Database;
  /** Returns the starter of dwells, or null while there is no connection to Temporal. */
  starter: () => DwellStarter | null;
  log: Logger;
  watch?: LoopWatch | undefined;
}

/**
 * Brings Temporal in line with the rows of dwells: starts the workflow of each armed dwell, and terminates the workflow
 * of each ended dwell. The rows are authoritative, so any worker may do this at any time and repeat it.
 */
export function createDwellTimers(deps: DwellTimersDeps): Sweep {
  const { starter, log } = deps;
  const { db } = deps.database;
  const logFailure = (what: string, error: unknown): void => {
    if (!isTemporalUnavailable(error)) log.warn({ reason: messageOf(error) }, `${what} failed; trying again`);
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
  return createSweep({
    everyMs: 'poked',
    name: 'dwells',
    watch: deps.watch,
    async work() {
      const temporal = starter();
      if (temporal === null) return false;
      const more = [
        await attempt('starting dwells', () => startArmed(db, temporal)),
        await attempt('ending dwells', () => terminateEnded(db, temporal)),
      ];
      return more.includes(true);
    },
    onError: (error) => logFailure('the sweep of dwells', error),
  });
}

/**
 * Starts the workflows of one batch. Batches are small, so that a dwell that is armed during a batch soon gets its
 * workflow, even while the workflows of thousands of other dwells are being started. Returns whether there may be more.
 */
async function startArmed(db: Executor, temporal: DwellStarter): Promise<boolean> {
  const dwells = await takeStartableDwells(db, BATCH);
  const started: string[] = [];
  try {
    await inLanes(dwells, CONCURRENT, async (dwell) => {
      await temporal.start(dwell);
      started.push(dwell.id);
    });
    // The starts are recorded even after an error, so that these dwells are not started again. After a crash before
    // this write, the start is repeated. It then has no effect, because the dwell already holds its workflow id.
  } finally {
    await noteDwellsStarted(db, started);
  }
  return dwells.length === BATCH;
}

/** Terminates the workflows of one batch of ended dwells. Returns whether there may be more. */
async function terminateEnded(db: Executor, temporal: DwellStarter): Promise<boolean> {
  const ended = await endedDwells(db, BATCH);
  await inLanes(ended, CONCURRENT, (dwell) => temporal.terminate(dwell));
  // Rows are removed only after Temporal has confirmed the termination. After a crash in between, the repeated call
  // finds nothing to terminate.
  await forgetDwellEnds(
    db,
    ended.map(({ id }) => id),
  );
  return ended.length === BATCH;
}
