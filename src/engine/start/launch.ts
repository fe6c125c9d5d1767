import type { Executor } from '../../db/executor';
import type { ClosedRun } from '../../db/runs/close-runs';
import { promoteStalled, stalledBuckets } from '../../db/runs/promote';
import { closingRuns, putBackStartable, takeStartable, type StartableRun } from '../../db/runs/start-queue';
import { isDatabaseAway } from '../../db/availability';
import type { Database } from '../../db/client';
import { messageOf } from '../../domain/errors';
import type { Logger } from '../../log';
import { isTemporalAway } from '../../temporal/availability';
import type { RunStarter } from '../../temporal/run-starter';
import { createSweep } from '../sweep';

const SWEEP_MS = 1_000;
const BATCH = 50;
/** Direct starts under way at a time. */
const CONCURRENT = 40;

export interface RunLauncher {
  /** True while Temporal is away or a backlog is being worked off: new runs then queue up behind it, in order. */
  readonly away: boolean;
  /** Starts a run right after the commit that admitted it; never throws. What fails is left to the sweep. */
  launch(run: StartableRun, replaced: readonly ClosedRun[]): void;
  /** Something may be there to start or to close. */
  poke(): void;
  stop(): Promise<void>;
}

/**
 * Brings Temporal in line with pending and ended rows, and repeats every call until it is done. The rows are the
 * truth: whatever this process forgets by dying, the sweep of another finds.
 */
export function createRunLauncher(deps: {
  database: Database;
  /** null while Temporal has never been reached. */
  starter: () => RunStarter | null;
  log: Logger;
}): RunLauncher {
  const { database, starter, log } = deps;
  const db: Executor = database.db;
  let away = false;
  let active = 0;
  const waiting: (() => void)[] = [];

  const limited = async (work: () => Promise<void>): Promise<void> => {
    if (active >= CONCURRENT) await new Promise<void>((resolve) => waiting.push(resolve));
    active += 1;
    try {
      await work();
    } finally {
      active -= 1;
      waiting.shift()?.();
    }
  };

  const noteAway = (error: unknown): void => {
    const who = isDatabaseAway(error) ? 'Postgres' : 'Temporal';
    if (!away) log.warn({ reason: messageOf(error) }, `${who} is away; runs stay pending until it is back`);
    away = true;
  };

  const start = async (run: StartableRun, replaced: readonly ClosedRun[]): Promise<void> => {
    const temporal = starter();
    if (!temporal) throw new TemporalNeverReached();
    for (const old of replaced) await temporal.close(old, 'terminate');
    const outcome = await temporal.start(run);
    if (outcome === 'later')
      log.info({ runId: run.id, workflowId: run.workflowId }, 'workflow id still held; trying again');
  };

  const launch = async (run: StartableRun, replaced: readonly ClosedRun[]): Promise<void> => {
    try {
      await start(run, replaced);
    } catch (error) {
      if (isAway(error)) noteAway(error);
      else log.error({ err: error, runId: run.id }, 'starting a run failed; the sweep tries again');
    }
  };

  const sweepStarts = async (): Promise<void> => {
    for (;;) {
      const runs = await takeStartable(db, BATCH);
      for (const [index, run] of runs.entries()) {
        try {
          await start(run, []);
        } catch (error) {
          if (!isAway(error)) {
            log.error({ err: error, runId: run.id }, 'starting a run failed; the sweep tries again');
            continue;
          }
          noteAway(error);
          await putBackStartable(
            db,
            runs.slice(index).map((left) => left.id),
          );
          return;
        }
      }
      if (runs.length < BATCH) break;
    }
    if (away) log.info('nothing is pending any more');
    away = false;
  };

  const sweepAll = async (): Promise<false> => {
    const temporal = starter();
    if (temporal) {
      for (const run of await closingRuns(db, BATCH)) await temporal.close(run, run.how);
    }
    for (const bucket of await stalledBuckets(db)) await database.db.transaction((tx) => promoteStalled(tx, bucket));
    await sweepStarts();
    return false;
  };

  const sweep = createSweep({
    everyMs: SWEEP_MS,
    work: sweepAll,
    onError(error) {
      if (isAway(error)) noteAway(error);
      else log.warn({ reason: messageOf(error) }, 'sweep of pending runs failed; trying again');
    },
  });

  return {
    get away() {
      return away;
    },
    launch(run, replaced) {
      if (!away) void limited(() => launch(run, replaced));
    },
    poke: () => sweep.poke(),
    async stop() {
      await sweep.stop();
      while (active > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    },
  };
}

class TemporalNeverReached extends Error {
  constructor() {
    super('Temporal has not been reached yet');
  }
}

const isAway = (error: unknown): boolean => error instanceof TemporalNeverReached || isTemporalAway(error);
