import { sql, type SQL } from 'drizzle-orm';
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
 * Milliseconds between two comparisons of the rows with the Schedules in Temporal. The comparison restores Schedules
 * after a loss of Temporal's database.
 */
const COMPARE_MS = 300_000;

/** Brings Temporal's Schedules in line with the rows of schedules of enabled triggers. The rows are authoritative. */
export function createScheduleTimers(deps: {
  database: Database;
  keeper: () => ScheduleKeeper | null;
  log: Logger;
  watch?: LoopWatch | undefined;
}): Sweep & { due: () => SQL } {
  const { database, keeper, log } = deps;
  const { db } = database;
  /** When rows and Schedules were last compared, in milliseconds since 1970; 0 = compare them in the first round. */
  let comparedAt = 0;

  const sweep = async (temporal: ScheduleKeeper, isStopped: () => boolean): Promise<void> => {
    if (Date.now() - comparedAt > COMPARE_MS) {
      comparedAt = Date.now();
      // The input of a Schedule also depends on settings, which may change when processes are replaced.
      await resyncChanged(db, (schedule) => temporal.specId(schedule));
      await resyncMissing(db, await temporal.list());
    }
    // A Schedule is deleted in Temporal first, and then its row. After a crash in between, it is deleted again, and
    // Temporal answers "not found".
    for (const { automationId, triggerId, scheduleId } of await endedSchedules(db, BATCH)) {
      await temporal.remove(scheduleId);
      await forgetScheduleEnd(db, automationId, triggerId);
    }
    for (let taken = BATCH; taken === BATCH && !isStopped();) {
      const schedules = await takeUnsynced(db, BATCH);
      taken = schedules.length;
      for (const schedule of schedules) {
        // `noteSynced` changes the row only if the trigger was not edited in between. If it was, the row stays unsynced
        // and the Schedule is written again.
        const scheduleId = await temporal.put(schedule);
        await noteSynced(db, schedule, { spec: temporal.specId(schedule), scheduleId });
      }
    }
  };
  const timers = createSweep({
    everyMs: 'poked',
    name: 'schedules',
    watch: deps.watch,
    async work(isStopped) {
      const temporal = keeper();
      if (temporal) await sweep(temporal, isStopped);
      return false;
    },
    onError(error) {
      if (!isTemporalUnavailable(error))
        log.warn({ reason: messageOf(error) }, 'failed to sync schedules; trying again');
    },
  });
  return {
    ...timers,
    due: () => (Date.now() - comparedAt > COMPARE_MS ? sql`true` : schedulesToSync),
  };
}
