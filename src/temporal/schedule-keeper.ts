import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type CalendarSpec,
  type Client,
  type DayOfWeek,
  type Month,
  type ScheduleOptions,
} from '@temporalio/client';
import type { ScheduleRow } from '../db/schedules';
import type { Clock } from '../domain/clock';
import { markdownLine } from '../domain/run/markdown';
import { parseCron } from '../domain/schedules/cron';
import { idBesideOther } from '../domain/run/workflow-id';
import type { ScheduleInput } from '../domain/schedules/schedule-messages';
import { offsetsOf, utcCalendars, type UtcCalendar } from '../domain/schedules/utc-calendars';
import { sha256 } from '../domain/sha256';

/**
 * Keeps Temporal's Schedules consistent with the rows. All calls are idempotent; each throws when Temporal is
 * unreachable.
 */
export interface ScheduleKeeper {
  /**
   * Creates or updates a schedule, and deletes the schedule under its former id. Returns the id of the schedule, which
   * differs from the requested id when another installation in the namespace has a schedule with that id.
   */
  put(schedule: ScheduleRow): Promise<string>;
  remove(scheduleId: string): Promise<void>;
  /** Returns a hash of everything that `put` would write for a schedule. */
  specId(schedule: ScheduleRow): string;
  /** Returns the ids of all schedules of the namespace. */
  list(): Promise<string[]>;
}

const MONTHS: readonly Month[] = [
  ...(['JANUARY', 'FEBRUARY', 'MARCH', 'APRIL', 'MAY', 'JUNE'] as const),
  ...(['JULY', 'AUGUST', 'SEPTEMBER', 'OCTOBER', 'NOVEMBER', 'DECEMBER'] as const),
];
const DAYS: readonly DayOfWeek[] = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'];
/** Maximum number of time zones whose offsets are cached. */
const MAX_ZONES = 1_000;

interface ScheduleKeeperDeps {
  client: Client;
  clock: Clock;
  taskQueue: string;
  /** Time zone of cron patterns that do not name one. */
  timezone: string;
  /**
   * Id of the key with which payloads are encrypted; '' = not encrypted. When it changes, schedules are written again.
   */
  encryption: string;
  onCall: (call: 'put_schedule' | 'delete_schedule') => void;
}

/** Creates the keeper of the Schedules of one task queue. */
export function createScheduleKeeper(deps: ScheduleKeeperDeps): ScheduleKeeper {
  const { client, clock, taskQueue, timezone, encryption, onCall } = deps;
  const offsets = new Map<string, number[]>();
  /**
   * Returns the UTC offsets of a time zone. They are computed again each day, because the rules of time zones change.
   */
  const offsetsIn = (zone: string): number[] => {
    const now = clock.now();
    const key = `${zone} ${now.toISOString().slice(0, 10)}`;
    const known = offsets.get(key) ?? offsetsOf(zone, now);
    if (!offsets.has(key) && offsets.size >= MAX_ZONES) offsets.clear();
    offsets.set(key, known);
    return known;
  };
  const optionsOf = (schedule: ScheduleRow) =>
    scheduleOptions(schedule, specOf(schedule, timezone, offsetsIn), taskQueue);

  /** Creates or updates a schedule. Returns false when another installation has a schedule with this id. */
  const createOrUpdate = async (options: ScheduleOptions): Promise<boolean> => {
    onCall('put_schedule');
    try {
      await client.schedule.create(options);
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      const handle = client.schedule.getHandle(options.scheduleId);
      const { action } = await handle.describe();
      if (action.taskQueue !== taskQueue) return false;
      await handle.update(() => ({ ...options, state: { paused: false } }));
    }
    return true;
  };
  const remove = async (scheduleId: string): Promise<void> => {
    onCall('delete_schedule');
    try {
      await client.schedule.getHandle(scheduleId).delete();
    } catch (error) {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    }
  };

  return {
    async put(schedule) {
      const options = optionsOf(schedule);
      let { scheduleId } = options;
      if (!(await createOrUpdate(options))) {
        scheduleId = idBesideOther(scheduleId, taskQueue);
        await createOrUpdate({ ...options, scheduleId });
      }
      if (schedule.formerId !== scheduleId) await remove(schedule.formerId);
      return scheduleId;
    },
    remove,
    specId: (schedule) => sha256(`${encryption}${JSON.stringify(optionsOf(schedule))}`),
    async list() {
      const ids: string[] = [];
      for await (const { scheduleId } of client.schedule.list()) ids.push(scheduleId);
      return ids;
    },
  };
}

function scheduleOptions(schedule: ScheduleRow, spec: ScheduleOptions['spec'], taskQueue: string): ScheduleOptions {
  const { automationId, automationName, triggerId, config, scheduleId } = schedule;
  const input: ScheduleInput = { v: 1, automationId, triggerId };
  return {
    scheduleId,
    spec,
    policies: {
      overlap: ScheduleOverlapPolicy.ALLOW_ALL,
      catchupWindow: `${Number(config['catch_up_minutes'] ?? 60)} minutes`,
    },
    action: {
      type: 'startWorkflow',
      workflowType: 'schedule',
      // Temporal appends the scheduled time to this id.
      workflowId: scheduleId,
      args: [input],
      taskQueue,
      staticSummary: markdownLine(`${automationName} · ${triggerId}`, 200),
      workflowExecutionTimeout: '31 days',
    },
  };
}

/**
 * Returns a spec with every time at which the schedule might be due. The activity decides which of these times are
 * used.
 */
function specOf(
  { event, config, since }: ScheduleRow,
  timezone: string,
  offsetsIn: (zone: string) => number[],
): ScheduleOptions['spec'] {
  if (event === 'automation.interval') {
    const every = Number(config['intervalSeconds']) * 1_000;
    const seconds = Math.floor(since.getTime() / 1_000) * 1_000;
    return { intervals: [{ every, offset: seconds % every }] };
  }
  const cron = parseCron(String(config['cronPattern']));
  const zone = typeof config['timezone'] === 'string' ? config['timezone'] : timezone;
  const offsets = offsetsIn(zone);
  // In nights in which clocks change, Temporal's calendar skips times and adds others. The UTC calendar does neither.
  return offsets.length > 1
    ? { calendars: utcCalendars(cron, offsets).map(calendarOf), timezone: 'UTC' }
    : { calendars: utcCalendars(cron, [0]).map(calendarOf), timezone: zone };
}

function calendarOf(calendar: UtcCalendar): CalendarSpec {
  return {
    second: [...calendar.seconds],
    minute: [...calendar.minutes],
    hour: calendar.hours.length === 24 ? '*' : [...calendar.hours],
    dayOfMonth: calendar.daysOfMonth.length === 31 ? '*' : [...calendar.daysOfMonth],
    month: calendar.months.length === 12 ? '*' : calendar.months.map((month) => MONTHS[month - 1] as Month),
    dayOfWeek: calendar.daysOfWeek.length === 7 ? '*' : calendar.daysOfWeek.map((day) => DAYS[day] as DayOfWeek),
  };
}
