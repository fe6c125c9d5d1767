import { sql, type SQL } from 'drizzle-orm';
import { isDatabaseUnavailable } from '../db/availability';
import type { Database } from '../db/client';
import {
  endedSchedules,
  forgetScheduleEnd,
  noteSynced,
  resyncChanged,
  resyncMissing,
  schedulesToSync,
  takeUnsynced,
} from '../db/schedules';
import { messageOf } from '../domain/errors';
import type { Logger } from '../log';
import { isTemporalUnavailable } from '../temporal/availability';
import type { ScheduleKeeper } from '../temporal/schedule-keeper';
import type { LoopWatch } from './loop-watch';
import { createSweep, type Sweep } from './sweep';

/** Number of rows per statement. Each row costs a call to Temporal. */
const BATCH = 50;
/**
 * Milliseconds between comparisons of the rows with the Schedules in Temporal. The comparison restores Schedules after
 * a loss of Temporal's database.
 */
const COMPARE_MS = 300_000;

interface SyncDeps {
  database: Database;
  log: Logger;
}

/** Brings Temporal's Schedules in line with the schedules of enabled triggers. The rows are authoritative. */
export function createScheduleTimers(
  deps: SyncDeps & { keeper: () => ScheduleKeeper | null; watch?: LoopWatch | undefined },
): Sweep & { due: () => SQL } {
  const { keeper, log } = deps;
  /** Time of the last comparison of rows and Schedules, in milliseconds of the monotonic clock. */
  let comparedAt = -Infinity;
  const mustCompare = (): boolean => performance.now() - comparedAt > COMPARE_MS;

  const timers = createSweep({
    everyMs: 'poked',
    name: 'schedules',
    watch: deps.watch,
    async work(isStopped) {
      const temporal = keeper();
      if (temporal === null) return false;
      if (mustCompare()) {
        await compare(deps, temporal);
        comparedAt = performance.now();
      }
      await removeEnded(deps, temporal);
      await writeUnsynced(deps, temporal, isStopped);
      return false;
    },
    onError(error) {
      if (!isTemporalUnavailable(error))
        log.warn({ reason: messageOf(error) }, 'failed to sync schedules; trying again');
    },
  });
  return {
    ...timers,
    due: () => (mustCompare() ? sql`true` : schedulesToSync),
  };
}

/**
 * Does one part of a round. If it fails, the other parts are still done.
 * @throws when Temporal or Postgres is unreachable
 */
async function attempt({ log }: SyncDeps, what: string, part: () => Promise<void>): Promise<void> {
  try {
    await part();
  } catch (error) {
    if (isTemporalUnavailable(error) || isDatabaseUnavailable(error)) throw error;
    log.warn({ reason: messageOf(error) }, `${what} failed; trying again`);
  }
}

/** Marks schedules that are missing or different in Temporal, so that they are written again. */
async function compare(deps: SyncDeps, temporal: ScheduleKeeper): Promise<void> {
  const { db } = deps.database;
  // The input of a Schedule also depends on settings, which may change when processes are replaced.
  await attempt(deps, 'comparing schedules', () => resyncChanged(db, (schedule) => temporal.specId(schedule)));
  await attempt(deps, 'finding lost schedules', async () => resyncMissing(db, await temporal.list()));
}

/**
 * Deletes ended schedules from Temporal, then their rows. After a crash between the two deletions, the first one is
 * repeated, and Temporal answers "not found".
 */
async function removeEnded(deps: SyncDeps, temporal: ScheduleKeeper): Promise<void> {
  const { db } = deps.database;
  for (const { automationId, triggerId, scheduleId } of await endedSchedules(db, BATCH)) {
    await attempt(deps, `deleting the schedule ${scheduleId}`, async () => {
      await temporal.remove(scheduleId);
      await forgetScheduleEnd(db, automationId, triggerId);
    });
  }
}

async function writeUnsynced(deps: SyncDeps, temporal: ScheduleKeeper, isStopped: () => boolean): Promise<void> {
  const { db } = deps.database;
  for (let taken = BATCH; taken === BATCH && !isStopped();) {
    const schedules = await takeUnsynced(db, BATCH);
    taken = schedules.length;
    for (const schedule of schedules) {
      // If the trigger was edited in between, `noteSynced` leaves the row unsynced, and the Schedule is written again.
      await attempt(deps, `writing the schedule ${schedule.scheduleId}`, async () => {
        const scheduleId = await temporal.put(schedule);
        await noteSynced(db, schedule, { spec: temporal.specId(schedule), scheduleId });
      });
    }
  }
}
