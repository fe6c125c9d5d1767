import { randomUUID } from 'node:crypto';
import { markClosed, runStanding, type StartableRun } from '../../db/runs/start-queue';
import type { ScheduleRow } from '../../db/schedules';
import type { Clock } from '../../domain/clock';
import type { DwellInput } from '../../domain/gates/dwell-messages';
import type { RunInput, WakeSignal } from '../../domain/run/messages';
import { nextCron, parseCron } from '../../domain/schedules/cron';
import type { ScheduleActivities } from '../../domain/schedules/schedule-messages';
import type { DwellStarter } from '../../temporal/dwell-starter';
import type { RunStarter } from '../../temporal/run-starter';
import type { ScheduleKeeper } from '../../temporal/schedule-keeper';
import type { keepTemporal, TemporalKeeper } from '../../temporal/keep-temporal';
import { Execution, type ExecutionHost } from './execution';
import { Timers } from './timers';
import { createWorkflowSandbox, type WorkflowSandbox } from './workflow-sandbox';

type Activities = Record<string, (...args: unknown[]) => Promise<unknown>>;

/** An in-memory replacement for Temporal on virtual time, with the features that automations use. */
export interface VirtualTemporal {
  /** Replaces the function with which the worker keeps a connection to Temporal. */
  keeper: typeof keepTemporal;
  /** Returns the instant of the next timer in milliseconds since the epoch, or null if there is none. */
  next(): number | null;
  /** Fires the timers that are due. */
  fire(): void;
  /**
   * Returns whether nothing is in progress.
   * @throws the error of work that failed
   */
  isIdle(): boolean;
}

/** How far into the future to search for the next time of a cron pattern, in milliseconds. */
const LOOK_AHEAD_MS = 366 * 86_400_000;

export function createVirtualTemporal(clock: Clock, timezone: string): VirtualTemporal {
  const timers = new Timers();
  const executions = new Map<string, Execution>();
  let activities: Activities = {};
  let sandbox: Promise<WorkflowSandbox> | undefined;

  const work = createWork();
  const host: ExecutionHost = {
    now: () => clock.now().getTime(),
    timers,
    activity: (name) => activityOf(activities, name),
    during: work.during,
  };

  const begin = async (
    names: { workflowType: string; workflowId: string; firstRunId?: string },
    args: readonly unknown[],
  ): Promise<void> => {
    sandbox ??= createWorkflowSandbox(Object.keys(activities));
    const runId = randomUUID();
    const whole = { ...names, runId, firstRunId: names.firstRunId ?? runId };
    const execution = new Execution(host, whole, await (await sandbox).create(whole, host.now()));
    executions.set(names.workflowId, execution);
    void execution.closed.then(() => {
      if (executions.get(names.workflowId) === execution) executions.delete(names.workflowId);
      if (execution.continuedAs) host.during(() => begin(whole, execution.continuedAs ?? []));
    });
    execution.start(args);
  };

  const keeper = (deps: Parameters<typeof keepTemporal>[0]): TemporalKeeper => {
    const { db } = deps.database;
    const runs = runStarter({
      executions,
      begin,
      standing: (id) => runStanding(db, id),
      close: (id) => markClosed(db, id),
    });
    const dwells = dwellStarter({ timers, host, executions, begin });
    const schedules = scheduleKeeper({ timers, host, timezone, activities: () => activities });
    return {
      starter: () => runs,
      dwells: () => dwells,
      schedules: () => schedules,
      client: () => null,
      start: () => (activities = deps.activities() as Activities),
      connected: Promise.resolve(),
      async stop() {
        for (const execution of executions.values()) execution.terminate();
        await Promise.resolve();
      },
    };
  };

  return {
    keeper,
    next: () => timers.next(),
    fire: () => timers.fire(host.now()),
    isIdle: work.isIdle,
  };
}

function activityOf(activities: Activities, name: string): Activities[string] {
  // Runs name their activities after the action, so most activity names are not registered.
  const activity = activities[name] ?? activities['default'];
  if (activity === undefined) throw new Error(`Activity ${name} not found`);
  return activity;
}

/** Counts the work in progress and keeps the first error. */
function createWork(): { during: ExecutionHost['during']; isIdle: () => boolean } {
  let inProgress = 0;
  let problem: unknown;
  return {
    during(work) {
      inProgress += 1;
      work()
        .catch((error: unknown) => (problem ??= error))
        .finally(() => (inProgress -= 1));
    },
    isIdle() {
      if (problem !== undefined) throw problem;
      return inProgress === 0;
    },
  };
}

interface Begins {
  executions: Map<string, Execution>;
  begin: (names: { workflowType: string; workflowId: string }, args: readonly unknown[]) => Promise<void>;
}

function runStarter(
  deps: Begins & {
    standing: (runId: string) => ReturnType<typeof runStanding>;
    close: (runId: string) => Promise<void>;
  },
): RunStarter {
  const { executions, begin, standing } = deps;
  /** The id of the run that holds each workflow id. In Temporal, the run id is read from the execution's memo. */
  const holders = new Map<string, string>();
  return {
    async start(run: StartableRun) {
      const held = executions.get(run.workflowId);
      if (held && holders.get(run.workflowId) === run.id) return 'started';
      // The row of the previous run has ended, or that run could not start. Its execution closes without a signal.
      if (held) await held.closed;
      if ((await standing(run.id))?.status !== 'pending') return 'stale';
      holders.set(run.workflowId, run.id);
      const input: RunInput = { v: 1, runId: run.id };
      await begin({ workflowType: 'automation', workflowId: run.workflowId }, [input]);
      return 'started';
    },
    wake({ workflowId, runId, path }) {
      executions.get(workflowId)?.signal('wake', { runId, path } satisfies WakeSignal);
      return Promise.resolve();
    },
    async close({ runId, workflowId }, how) {
      const execution = executions.get(workflowId);
      if (execution && holders.get(workflowId) === runId) {
        if (how === 'cancel') execution.cancel();
        else execution.terminate();
      }
      await deps.close(runId);
    },
  };
}

function dwellStarter({
  timers,
  host,
  executions,
  begin,
}: Begins & { timers: Timers; host: ExecutionHost }): DwellStarter {
  const delayed = new Map<string, () => void>();
  return {
    start({ id, firesAt }) {
      const input: DwellInput = { v: 1, dwellId: id };
      // Timers with the same key may overlap here, so each execution is named after its dwell.
      const workflowId = `dwell:${id}`;
      const start = () => host.during(() => begin({ workflowType: 'dwell', workflowId }, [input]));
      delayed.set(id, timers.at(firesAt.getTime(), start));
      return Promise.resolve();
    },
    terminate({ id }) {
      delayed.get(id)?.();
      executions.get(`dwell:${id}`)?.terminate();
      return Promise.resolve();
    },
  };
}

function scheduleKeeper(deps: {
  timers: Timers;
  host: ExecutionHost;
  timezone: string;
  activities: () => Activities;
}): ScheduleKeeper {
  const { timers, host } = deps;
  const kept = new Map<string, () => void>();

  const plan = (schedule: ScheduleRow): void => {
    const { automationId, triggerId, scheduleId } = schedule;
    const at = nextTime(schedule, host.now(), deps.timezone);
    if (at === null) return;
    const fire = () => {
      plan(schedule);
      const { fireSchedule } = deps.activities() as unknown as ScheduleActivities;
      const scheduledFor = new Date(at).toISOString();
      const times = { scheduledFor, begunAt: scheduledFor };
      host.during(async () => void (await fireSchedule({ automationId, triggerId, ...times })));
    };
    kept.set(scheduleId, timers.at(at, fire));
  };
  const remove = (scheduleId: string) => kept.get(scheduleId)?.();

  return {
    put(schedule) {
      remove(schedule.scheduleId);
      plan(schedule);
      return Promise.resolve(schedule.scheduleId);
    },
    remove(scheduleId) {
      remove(scheduleId);
      return Promise.resolve();
    },
    // Settings do not change during a test.
    specId: () => '',
    list: () => Promise.resolve([...kept.keys()]),
  };
}

/**
 * Returns the next time of a schedule after `now`, or null if there is none within a year. Times are in milliseconds
 * since the epoch.
 */
function nextTime({ event, config, since }: ScheduleRow, now: number, timezone: string): number | null {
  if (event === 'automation.interval') {
    const every = Number(config['intervalSeconds']) * 1_000;
    const first = Math.floor(since.getTime() / 1_000) * 1_000;
    return first + (Math.floor((now - first) / every) + 1) * every;
  }
  const zone = typeof config['timezone'] === 'string' ? config['timezone'] : timezone;
  const pattern = parseCron(String(config['cronPattern']));
  for (let from = now; from < now + LOOK_AHEAD_MS;) {
    const found = nextCron(pattern, new Date(from), new Date(now + LOOK_AHEAD_MS), zone);
    if (found !== null) return found.getTime();
    from += 30 * 86_400_000;
  }
  return null;
}
