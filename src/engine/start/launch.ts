import type { Database } from '../../db/client';
import type { ClosedRun } from '../../db/runs/run-states';
import { promoteStalled, stalledBuckets } from '../../db/runs/stalled-buckets';
import { closingRuns, renewAttempts, type StartableRun } from '../../db/runs/start-queue';
import type { Logger } from '../../log';
import type { WorkerSizes } from '../../worker-sizes';
import type { RunStarter } from '../../temporal/run-starter';
import { inLanes } from '../in-lanes';
import type { LoopWatch } from '../loop-watch';
import { createSweep } from '../sweep';
import { createPendingRuns } from './pending-runs';
import { createRunSlots, type RunSlots } from './run-slots';
import { createStartAttempts } from './start-attempts';

const RENEW_EVERY_MS = 1_000;
/** Maximum number of executions that are closed in one sweep. */
const BATCH = 100;
/** Maximum number of concurrent calls to Temporal. */
const LANES = 40;
/** Age in milliseconds at which a reservation is renewed, so that no other worker starts the run. */
const RENEW_AFTER_MS = 1_500;
/**
 * Age in milliseconds after which a reservation is no longer renewed. Without this limit, an execution that was started
 * here and closed before it claimed its run would keep the run pending for as long as this process lives. With it, such
 * a run ends within 17 s: renewals for 10 s, 5 s until the run may be taken again (`db/runs/start-queue.ts`), and a
 * sweep.
 */
const RENEW_UNTIL_MS = 10_000;

export interface RunLauncher {
  /**
   * Takes a slot for a run that is about to be admitted. Returns false when the run must wait in the table: no slot is
   * free, its automation has used its share or has waiting runs, Temporal or Postgres is unreachable, or this process
   * is stopping.
   */
  reserve(runId: string, automationId: string): boolean;
  /** Releases the slot of a run that was not admitted. */
  release(runId: string): void;
  /**
   * Starts a run right after the commit that admitted it. Never throws. If the start fails, the sweep repeats it. After
   * `stop`, the sweep of another worker does so.
   */
  launch(run: StartableRun, replaced: readonly ClosedRun[]): void;
  /** Starts runs that wait in the table, while there are free slots. */
  pokeStarts(): void;
  /** Starts runs that wait in the table, and closes executions that have to be closed. */
  poke(): void;
  /** Returns whether admitted runs may be waiting in the table for a slot of this worker. */
  hasWaiting(): boolean;
  /** Sets the function that is called when a sweep leaves no run waiting, so that `hasWaiting` returns false. */
  onAllStarted(callback: () => void): void;
  /** Counts the runs in flight. Call these functions when local steps and calls of this process start or end. */
  slots: Pick<RunSlots, 'enter' | 'call' | 'arrive' | 'resume'>;
  stop(): Promise<void>;
}

interface LauncherDeps {
  database: Database;
  /** Returns the starter of runs, or null while there is no connection to Temporal. */
  starter: () => RunStarter | null;
  /** Concurrency limits of the process. */
  sizes: Pick<WorkerSizes, 'workflowTasks' | 'activities'>;
  log: Logger;
  watch?: LoopWatch | undefined;
  /** Called before a run is started. */
  onStart?: ((run: StartableRun) => void) | undefined;
}

/**
 * Brings Temporal in line with the pending and ended rows of runs, and repeats every call until it succeeds. The rows
 * are authoritative: when this process dies, the sweep of another process finds its unfinished work. A process starts
 * only as many runs as it has free workflow task slots. The other runs wait in the table. A worker with free slots
 * takes runs from the automations in turn, and in order of arrival within each automation.
 */
export function createRunLauncher(deps: LauncherDeps): RunLauncher {
  const { database, starter, log, watch } = deps;
  const { db } = database;
  const slots = createRunSlots({
    slots: deps.sizes.workflowTasks,
    activities: deps.sizes.activities,
    onFree: () => {
      if (pending.isAny()) starts.poke();
    },
  });
  const attempts = createStartAttempts({ db, starter, slots, log, onStart: deps.onStart });
  let allStarted = (): void => undefined;
  const pending = createPendingRuns({ db, slots, attempts, onAllStarted: () => allStarted() });
  /** The starts that `launch` has begun and that have not completed. */
  const starting = new Set<Promise<void>>();
  let stopped = false;
  const closeEnded = async (): Promise<false> => {
    if (await closeExecutions(database, starter())) starts.poke();
    return false;
  };
  const renew = () => renewAttempts(db, slots.reservedFor(RENEW_AFTER_MS, RENEW_UNTIL_MS)).then(() => false);
  const shared = { watch, onError: attempts.noteFailure };
  const starts = createSweep({ everyMs: 'poked', name: 'starts', work: () => pending.sweep(), ...shared });
  const ends = createSweep({ everyMs: 'poked', name: 'ends', work: closeEnded, ...shared });
  const renewal = createSweep({ everyMs: RENEW_EVERY_MS, name: 'renewal', work: renew, ...shared });
  return {
    reserve(runId, automationId) {
      if (stopped) return false;
      const isWaiting = pending.isWaiting(automationId);
      if (!attempts.isUnreachable() && !isWaiting && slots.reserve(runId, automationId)) return true;
      if (!isWaiting) starts.poke();
      pending.noteWaiting(automationId);
      return false;
    },
    release: (runId) => slots.release(runId),
    launch(run, replaced) {
      if (stopped) return slots.release(run.id);
      const work = attempts.attempt(run, replaced).then(() => void starting.delete(work));
      starting.add(work);
    },
    pokeStarts: () => starts.poke(),
    poke() {
      starts.poke();
      ends.poke();
    },
    hasWaiting: () => pending.isAny(),
    onAllStarted: (callback) => void (allStarted = callback),
    slots,
    async stop() {
      // Activities that are still ending may admit runs. From here on, these runs are left to the sweeps of other
      // workers. Starts that are in progress must complete before the connection is closed.
      stopped = true;
      await Promise.all([starts.stop(), ends.stop(), renewal.stop()]);
      await Promise.all(starting);
    },
  };
}

/**
 * Starts the next run of each bucket in which the active run ended without starting it, and closes the executions of
 * ended runs. Returns whether there were such buckets, in which case there may be runs to start.
 */
async function closeExecutions(database: Database, temporal: RunStarter | null): Promise<boolean> {
  // This is done first, because a call to Temporal may fail.
  const stalled = await stalledBuckets(database.db);
  for (const bucket of stalled) await database.db.transaction((tx) => promoteStalled(tx, bucket));
  const closing = temporal ? await closingRuns(database.db, BATCH) : [];
  await inLanes(closing, LANES, async (run) => temporal?.close(run, run.how));
  return stalled.length > 0;
}
