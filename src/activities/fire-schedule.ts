import { v5 } from 'uuid';
import type { Database } from '../db/client';
import { appendChanges } from '../db/change-log';
import { claimDeliveries, deliveryKey } from '../db/claim-deliveries';
import type { Notifier } from '../db/notifier';
import { workerSince } from '../db/worker-presence';
import { scheduleOf, type ScheduleRow } from '../db/schedules';
import type { Clock } from '../domain/clock';
import { stillFires, type ScheduledStart, type CatchUp } from '../domain/schedules/catch-up';
import { cronMatches, nextCron, parseCron } from '../domain/schedules/cron';
import { SCHEDULE_KIND, scheduleEntityId, type ScheduleActivities } from '../domain/schedules/schedule-messages';

/** UUID namespace for the change ids of scheduled times. */
const TIMES = '7c0d3f5e-2d0f-5a53-9c42-6f6b3a1c8a51';

/**
 * Creates the activity that appends the event of a scheduled time, at most once per automation, trigger and time. It
 * does nothing when the trigger no longer has a schedule, when the time is not one of the schedule's times (the spec in
 * Temporal covers more times), or when the trigger's catch-up policy drops an event that is this late.
 */
export function createFireSchedule(deps: {
  database: Database;
  clock: Clock;
  notifier: Pick<Notifier, 'changes'>;
  timezone: string;
}): ScheduleActivities['fireSchedule'] {
  const { database, clock, notifier } = deps;
  return async ({ automationId, triggerId, scheduledFor, begunAt }) => {
    const schedule = await scheduleOf(database.db, automationId, triggerId);
    if (!schedule) return 'the trigger no longer exists';
    const at = new Date(scheduledFor);
    const now = clock.now();
    const attended = await workerSince(database.db, at);
    const arrival = { scheduledFor: at, begunAt: new Date(begunAt), attended, now };
    const dropped = whyDropped(schedule, arrival, deps.timezone);
    if (dropped !== null) return dropped;
    // The id is derived from automation, trigger and time, because everything after the change log identifies a change
    // by its id.
    const changeId = v5(`${automationId}/${triggerId}/${at.toISOString()}`, TIMES);
    const fired = await database.db.transaction(async (tx) => {
      const key = deliveryKey('schedule', automationId, triggerId, at.toISOString());
      const { fresh } = await claimDeliveries(tx, [{ key, changeIds: [changeId] }]);
      if (fresh.size === 0) return false;
      const cause = { actor: { type: 'system', id: 'schedule' } as const, causedBy: null, depth: 0 };
      await appendChanges(tx, [
        {
          ...{ changeId, kind: SCHEDULE_KIND, id: scheduleEntityId(automationId, triggerId), occurredAt: at, cause },
          ...{ event: schedule.event, contextKey: null },
          payload: { firedAt: now.toISOString(), scheduledFor: at.toISOString() },
        },
      ]);
      return true;
    });
    if (fired) notifier.changes();
    return fired ? 'fired' : 'fired before';
  };
}

function whyDropped({ event, config, since }: ScheduleRow, arrival: ScheduledStart, timezone: string): string | null {
  const { scheduledFor: at, now } = arrival;
  if (at < since) return 'from before the trigger was enabled';
  const rule = {
    catchUp: (config['catch_up'] ?? 'one') as CatchUp,
    catchUpMinutes: Number(config['catch_up_minutes'] ?? 60),
  };
  if (event === 'automation.interval') {
    const every = Number(config['intervalSeconds']) * 1_000;
    return stillFires(rule, arrival, () => at.getTime() + every <= now.getTime()) ? null : 'missed';
  }
  const zone = typeof config['timezone'] === 'string' ? config['timezone'] : timezone;
  const pattern = parseCron(String(config['cronPattern']));
  if (!cronMatches(pattern, at, zone)) return 'not a time of the pattern in its time zone';
  return stillFires(rule, arrival, () => nextCron(pattern, at, now, zone) !== null) ? null : 'missed';
}
