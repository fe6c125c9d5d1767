import { isDatabaseUnavailable } from '../../db/availability';
import type { Executor } from '../../db/executor';
import type { ClosedRun } from '../../db/runs/run-states';
import { noteStarted, type StartableRun } from '../../db/runs/start-queue';
import { messageOf } from '../../domain/errors';
import type { Logger } from '../../log';
import { isTemporalUnavailable } from '../../temporal/availability';
import type { RunStarter } from '../../temporal/run-starter';
import type { RunSlots } from './run-slots';

/** Starts runs in Temporal, and remembers whether Temporal or Postgres is unreachable. */
export interface StartAttempts {
  /**
   * Closes the executions that the run replaces, then starts the run. Never throws. Returns false when Temporal or
   * Postgres is unreachable; other failures are logged, and the sweep tries again.
   */
  attempt(run: StartableRun, replaced: readonly ClosedRun[]): Promise<boolean>;
  /** Returns whether Temporal or Postgres was found unreachable, and `noteDone` has not been called since. */
  isUnreachable(): boolean;
  /** Records a failure of a sweep. */
  noteFailure(error: unknown): void;
  /** Records that a sweep has started all runs that it could. */
  noteDone(): void;
}

export function createStartAttempts(deps: {
  db: Executor;
  /** Returns the starter of runs, or null while there is no connection to Temporal. */
  starter: () => RunStarter | null;
  slots: RunSlots;
  log: Logger;
  /** Called before a run is started. */
  onStart?: ((run: StartableRun) => void) | undefined;
}): StartAttempts {
  const { db, starter, slots, log, onStart } = deps;
  let unreachable = false;

  const noteUnreachable = (error: unknown): void => {
    const service = isDatabaseUnavailable(error) ? 'Postgres' : 'Temporal';
    const consequence = 'runs stay pending until it is reachable again';
    if (!unreachable) log.warn({ reason: messageOf(error) }, `${service} is unreachable; ${consequence}`);
    unreachable = true;
  };

  /**
   * Starts a run. If the run starts eagerly in this process, it keeps its slot until its first step; otherwise the slot
   * is released.
   */
  const start = async (run: StartableRun, replaced: readonly ClosedRun[]): Promise<void> => {
    let isHere = false;
    try {
      const temporal = starter();
      if (!temporal) throw new TemporalNeverReached();
      for (const old of replaced) await temporal.close(old, 'terminate');
      onStart?.(run);
      const outcome = await temporal.start(run);
      isHere = outcome === 'eager';
      // The first task of the execution waits for a worker with a free slot, so repeating the start before then would
      // have no effect.
      if (outcome === 'started') await noteStarted(db, run.id);
      if (outcome === 'later')
        log.info({ runId: run.id, workflowId: run.workflowId }, 'workflow id still held; trying again');
    } finally {
      if (!isHere) slots.release(run.id);
    }
  };

  return {
    async attempt(run, replaced) {
      try {
        await start(run, replaced);
        return true;
      } catch (error) {
        if (isUnavailable(error)) {
          noteUnreachable(error);
          return false;
        }
        log.error({ err: error, runId: run.id }, 'failed to start a run; the sweep tries again');
        return true;
      }
    },
    isUnreachable: () => unreachable,
    noteFailure(error) {
      if (isUnavailable(error)) noteUnreachable(error);
      else log.warn({ reason: messageOf(error) }, 'a sweep of runs failed; trying again');
    },
    noteDone() {
      if (unreachable) log.info('runs can be started again');
      unreachable = false;
    },
  };
}

class TemporalNeverReached extends Error {
  constructor() {
    super('Temporal has not been reached yet');
  }
}

const isUnavailable = (error: unknown): boolean =>
  error instanceof TemporalNeverReached || isTemporalUnavailable(error) || isDatabaseUnavailable(error);
