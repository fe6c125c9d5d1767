import type { SQL } from 'drizzle-orm';
import type { Executor } from '../db/executor';
import { isDatabaseUnavailable } from '../db/availability';
import { releaseSweeps, takeDue } from '../db/sweep-leases';
import { messageOf } from '../domain/errors';
import type { Logger } from '../log';
import type { LoopWatch } from './loop-watch';
import { createSweep } from './sweep';

const EVERY_MS = 1_000;

/** A kind of work that is due when the tables contain certain rows. */
export interface DueWork {
  name: string;
  /**
   * Returns the SQL condition that is true when there is work of this kind. It must be cheap, because it is evaluated
   * every second.
   */
  due: () => SQL;
  /** Returns whether this worker can do the work now; some kinds need Temporal. Default: always true. */
  isAble?: () => boolean;
  /** Returns whether every worker must search for this kind, even without the lease. Default: false. */
  isShared?: () => boolean;
  /** Called when there is work of this kind. */
  onDue: () => void;
}

/**
 * Searches every second, in one statement, for rows that are due, and for rows that a process left unfinished when it
 * died. Only one worker at a time searches for each kind of work, unless the kind is shared. That worker holds a lease
 * of 5 s.
 */
export function createSweeper(deps: {
  db: Executor;
  workerId: string;
  kinds: readonly DueWork[];
  log: Logger;
  watch?: LoopWatch | undefined;
}): { stop(): Promise<void> } {
  const { db, workerId, kinds, log } = deps;
  const sweep = createSweep({
    everyMs: EVERY_MS,
    name: 'sweeper',
    watch: deps.watch,
    async work() {
      const able = kinds.filter(({ isAble }) => isAble?.() ?? true);
      const due = await takeDue(
        db,
        workerId,
        able.map((kind) => ({ name: kind.name, due: kind.due(), isShared: kind.isShared?.() ?? false })),
      );
      for (const kind of able) if (due.includes(kind.name)) kind.onDue();
      return false;
    },
    onError(error) {
      if (!isDatabaseUnavailable(error))
        log.warn({ reason: messageOf(error) }, 'failed to search for due work; trying again');
    },
  });
  return {
    async stop() {
      await sweep.stop();
      await releaseSweeps(db, workerId).catch(() => undefined);
    },
  };
}
