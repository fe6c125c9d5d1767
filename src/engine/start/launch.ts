import { setTimeout as pause } from 'node:timers/promises';
import type { Executor } from '../../db/executor';
import type { ClosedRun } from '../../db/runs/close-runs';
import { promoteStalled, stalledBuckets } from '../../db/runs/promote';
import {
  closingRuns,
  noteStarted,
  putBackStartable,
  renewAttempts,
  takeStartable,
  type StartableRun,
} from '../../db/runs/start-queue';
import { isDatabaseAway } from '../../db/availability';
import type { Database } from '../../db/client';
import { messageOf } from '../../domain/errors';
import type { Logger } from '../../log';
import { isTemporalAway } from '../../temporal/availability';
import type { RunStarter } from '../../temporal/run-starter';
import { inLanes } from '../in-lanes';
import type { LoopWatch } from '../loop-watch';
import { createSweep } from '../sweep';
import { createRunSlots } from './run-slots';

const RENEW_EVERY_MS = 1_000;
/** Most runs that are taken from the table at a time. */
const BATCH = 100;
/** Calls to Temporal under way at a time in a sweep. */
const LANES = 40;
const GATHER_MS = 10;
/** Automations whose last turn is remembered. */
const MOST_SERVED = 500;
/** A start that is under way for longer is kept from other workers. */
const RENEW_AFTER_MS = 1_500;

export interface RunLauncher {
  /**
   * Takes a slot for a run that is about to be admitted. False = the run is to wait in the table, in its turn: no slot is
   * free, its automation has its share of them or has runs that wait already, or Temporal is away.
   */
  reserve(runId: string, automationId: string): boolean;
  /** Gives the slot of a run back that was not admitted. */
  release(runId: string): void;
  /** Starts a run right after the commit that admitted it; never throws. A failed start is left to the sweep. */
  launch(run: StartableRun, replaced: readonly ClosedRun[]): void;
  /** A run waits in the table, or there is something to close. */
  poke(): void;
  /** A local step begins in this process; the returned function ends it. */
  enter(executionRunId: string, runId: string | undefined): () => void;
  stop(): Promise<void>;
}

/**
 * Brings Temporal in line with pending and ended rows, and repeats every call until it is done. The rows are the
 * truth: whatever this process forgets by dying, the sweep of another finds. It starts only as many runs as the process
 * has free workflow task slots; the others wait in the table, where any worker with room takes them, in the order of
 * arrival per automation and in turn over automations.
 */
export function createRunLauncher(deps: {
  database: Database;
  /** null while Temporal has never been reached. */
  starter: () => RunStarter | null;
  /** Workflow task slots of the process. */
  slots: number;
  log: Logger;
  watch?: LoopWatch | undefined;
}): RunLauncher {
  const { database, starter, log, watch } = deps;
  const db: Executor = database.db;
  let away = false;
  /** Automations with runs that wait in the table; new runs of theirs wait too, so that they start in order. */
  const waiting = new Set<string>();
  /** More runs than there was room for wait in the table. */
  let backlog = false;
  const slots = createRunSlots({
    slots: deps.slots,
    onFree: () => {
      if (backlog || waiting.size > 0) starts.poke();
    },
  });
  const starting = new Set<Promise<void>>();
  /** Automations in the order of their last turn. Slots become free one by one: each is a turn. */
  const served = new Set<string>();

  const noteServed = (automationId: string): void => {
    served.delete(automationId);
    served.add(automationId);
    if (served.size > MOST_SERVED) served.delete([...served][0] ?? '');
  };

  const noteAway = (error: unknown): void => {
    const service = isDatabaseAway(error) ? 'Postgres' : 'Temporal';
    if (!away) log.warn({ reason: messageOf(error) }, `${service} is away; runs stay pending until it is back`);
    away = true;
  };

  /** A run that started here keeps its slot until its first step; any other gives it back. */
  const start = async (run: StartableRun, replaced: readonly ClosedRun[]): Promise<void> => {
    let isHere = false;
    try {
      const temporal = starter();
      if (!temporal) throw new TemporalNeverReached();
      for (const old of replaced) await temporal.close(old, 'terminate');
      const outcome = await temporal.start(run);
      isHere = outcome === 'eager';
      // Its first task waits for a worker with a free slot: a second start in between would do nothing.
      if (outcome === 'started') await noteStarted(db, run.id);
      if (outcome === 'later')
        log.info({ runId: run.id, workflowId: run.workflowId }, 'workflow id still held; trying again');
    } finally {
      if (!isHere) slots.release(run.id);
    }
  };

  /** Never throws; false = Temporal is away. */
  const attempt = async (run: StartableRun, replaced: readonly ClosedRun[]): Promise<boolean> => {
    try {
      await start(run, replaced);
      return true;
    } catch (error) {
      if (!isAway(error)) {
        log.error({ err: error, runId: run.id }, 'starting a run failed; the sweep tries again');
        return true;
      }
      noteAway(error);
      return false;
    }
  };

  /** Takes as many runs as there are free slots. Returns whether more may be waiting and there is room for them. */
  const sweepStarts = async (): Promise<boolean> => {
    // Slots that become free within this time are filled by one statement.
    if (backlog || waiting.size > 0) await pause(GATHER_MS);
    const room = Math.min(BATCH, slots.free());
    if (room === 0) return false;
    const full = slots.full();
    const runs = await takeStartable(db, room, { served: [...served], full, each: slots.share() });
    for (const { automationId } of runs) noteServed(automationId);
    if (runs.length === room) backlog = true;
    for (const { id, automationId } of runs) slots.hold(id, automationId);
    const left: string[] = [];
    await inLanes(runs, LANES, async (run) => {
      if (left.length === 0 && (await attempt(run, []))) return;
      left.push(run.id);
      slots.release(run.id);
    });
    if (left.length > 0) {
      await putBackStartable(db, left);
      return false;
    }
    if (runs.length === room || runs.length >= slots.share()) return true;
    if (away) log.info('nothing is pending any more');
    away = false;
    backlog = false;
    // All that waited was taken, but for runs of automations that have their share.
    for (const automationId of waiting) if (!full.includes(automationId)) waiting.delete(automationId);
    return false;
  };

  const sweepEnds = async (): Promise<false> => {
    const temporal = starter();
    const closing = temporal ? await closingRuns(db, BATCH) : [];
    await inLanes(closing, LANES, async (run) => temporal?.close(run, run.how));
    const stalled = await stalledBuckets(db);
    for (const bucket of stalled) await database.db.transaction((tx) => promoteStalled(tx, bucket));
    if (stalled.length > 0) starts.poke();
    return false;
  };

  const renew = async (): Promise<false> => {
    await renewAttempts(db, slots.reservedFor(RENEW_AFTER_MS));
    return false;
  };

  const onError = (error: unknown): void => {
    if (isAway(error)) noteAway(error);
    else log.warn({ reason: messageOf(error) }, 'sweep of pending runs failed; trying again');
  };
  const starts = createSweep({ everyMs: 'poked', name: 'starts', watch, work: sweepStarts, onError });
  const ends = createSweep({ everyMs: 'poked', name: 'ends', watch, work: sweepEnds, onError });
  const renewal = createSweep({ everyMs: RENEW_EVERY_MS, name: 'renewal', watch, work: renew, onError });

  return {
    reserve(runId, automationId) {
      if (!away && !waiting.has(automationId) && slots.reserve(runId, automationId)) return true;
      if (!waiting.has(automationId)) starts.poke();
      waiting.add(automationId);
      return false;
    },
    release: (runId) => slots.release(runId),
    launch(run, replaced) {
      const work = attempt(run, replaced).then(() => void starting.delete(work));
      starting.add(work);
    },
    poke() {
      starts.poke();
      ends.poke();
    },
    enter: (executionRunId, runId) => slots.enter(executionRunId, runId),
    async stop() {
      await Promise.all([starts.stop(), ends.stop(), renewal.stop()]);
      await Promise.all(starting);
    },
  };
}

class TemporalNeverReached extends Error {
  constructor() {
    super('Temporal has not been reached yet');
  }
}

const isAway = (error: unknown): boolean => error instanceof TemporalNeverReached || isTemporalAway(error);
