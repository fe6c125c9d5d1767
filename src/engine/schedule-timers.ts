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
import { isTemporalAway } from '../temporal/availability';
import type { ScheduleKeeper } from '../temporal/schedule-keeper';
import type { LoopWatch } from './loop-watch';
import { createSweep, type Sweep } from './sweep';

/** Rows per statement; each costs a call to Temporal. */
const BATCH = 50;
/** How often rows are compared with the schedules in Temporal, whose database may have been lost. */
const COMPARE_MS = 300_000;

/** Brings Temporal's Schedules in line with the schedules of enabled triggers. Rows are the truth. */
export function createScheduleTimers(deps: {
  database: Database;
  keeper: () => ScheduleKeeper | null;
  log: Logger;
  watch?: LoopWatch | undefined;
}): Sweep & { due: () => SQL } {
  const { database, keeper, log } = deps;
  const { db } = database;
  /** When rows and schedules were last compared, in ms since 1970; 0 = compare in the first round after the start. */
  let comparedAt = 0;

  const sweep = async (temporal: ScheduleKeeper, isStopped: () => boolean): Promise<void> => {
    if (Date.now() - comparedAt > COMPARE_MS) {
      comparedAt = Date.now();
      // The input of a schedule depends on settings, too, which change when processes are replaced.
      await resyncChanged(db, (schedule) => temporal.specId(schedule));
      await resyncMissing(db, await temporal.list());
    }
    // Removed in Temporal first, then here: a crash in between removes it again, which Temporal answers with "not
    // found".
    for (const { automationId, triggerId, scheduleId } of await endedSchedules(db, BATCH)) {
      await temporal.remove(scheduleId);
      await forgetScheduleEnd(db, automationId, triggerId);
    }
    for (let taken = BATCH; taken === BATCH && !isStopped();) {
      const schedules = await takeUnsynced(db, BATCH);
      taken = schedules.length;
      for (const schedule of schedules) {
        // `noteSynced` changes the row only if nobody edited the trigger in between; otherwise it stays unsynced and is
        // written again.
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
      if (!isTemporalAway(error)) log.warn({ reason: messageOf(error) }, 'schedules could not be kept; trying again');
    },
  });
  return {
    ...timers,
    due: () => (Date.now() - comparedAt > COMPARE_MS ? sql`true` : schedulesToSync),
  };
}
