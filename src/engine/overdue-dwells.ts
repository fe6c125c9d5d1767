import type { SQL } from 'drizzle-orm';
import { isDatabaseUnavailable } from '../db/availability';
import type { Database } from '../db/client';
import { dwellsOverdue, overdueDwells, type OverdueDwell } from '../db/dwells';
import type { Clock } from '../domain/clock';
import { messageOf } from '../domain/errors';
import type { FireAnswer } from '../domain/gates/dwell-messages';
import type { Logger } from '../log';
import { inLanes } from './in-lanes';
import type { IndexFollower } from './index-follower';
import type { LoopWatch } from './loop-watch';
import type { RoutingIndex } from './routing-index';
import { createSweep, type Sweep } from './sweep';

/** Number of rows per statement. */
const BATCH = 200;
/** Maximum number of dwells that are fired concurrently. */
const CONCURRENT = 20;
/**
 * Milliseconds after its deadline at which a dwell is fired from its row. By then, its workflow has been lost or is
 * being executed by a worker that cannot fire the dwell, or Temporal is unreachable.
 */
const OVERDUE_MS = 5_000;

interface OverdueDwellsDeps {
  database: Database;
  clock: Clock;
  index: RoutingIndex;
  follower: Pick<IndexFollower, 'catchUpNow'>;
  fire: (dwellId: string) => Promise<FireAnswer>;
  log: Logger;
  watch?: LoopWatch | undefined;
}

/**
 * Fires dwells from their rows. `poke` starts a round that fires the dwells that are at least 5 s overdue, and due
 * dwells without a workflow.
 */
export interface OverdueDwells extends Sweep {
  /** Starts a round that fires all due dwells. Call it when another worker has left a dwell that it cannot fire. */
  pokeDue(): void;
  /** Returns the SQL condition that is true when a dwell is overdue. */
  due: () => SQL;
}

/**
 * Creates the sweep that fires overdue dwells. It leaves out dwells that this worker cannot fire. The timers of the
 * dwells and the sweeps of other workers may fire the same dwell at the same time: all of them lock the row, and only
 * the first finds the dwell armed.
 */
export function createOverdueDwells(deps: OverdueDwellsDeps): OverdueDwells {
  const { clock, log } = deps;
  let firesAllDue = false;
  const sweep = createSweep({
    everyMs: 'poked',
    name: 'overdue-dwells',
    watch: deps.watch,
    async work(isStopped) {
      const lateMs = firesAllDue ? 0 : OVERDUE_MS;
      firesAllDue = false;
      await fireOverdue(deps, limitsOf(clock, lateMs), isStopped);
      return false;
    },
    onError(error) {
      if (!isDatabaseUnavailable(error))
        log.warn({ reason: messageOf(error) }, 'firing overdue dwells failed; trying again');
    },
  });
  return {
    ...sweep,
    pokeDue() {
      firesAllDue = true;
      sweep.poke();
    },
    due: () => dwellsOverdue(limitsOf(clock, OVERDUE_MS)),
  };
}

function limitsOf(clock: Clock, lateMs: number) {
  const now = clock.now();
  return { now, late: new Date(now.getTime() - lateMs) };
}

/**
 * Fires one page of dwells after another. Each page begins after the last row of the previous page, because a dwell
 * that has to wait for unrouted changes remains in the result.
 */
async function fireOverdue(
  { database, index, follower, fire, log }: OverdueDwellsDeps,
  limits: { now: Date; late: Date },
  isStopped: () => boolean,
): Promise<void> {
  await follower.catchUpNow();
  const canFire = ({ automationId, triggerId }: OverdueDwell) => index.lacking(automationId, triggerId) === null;
  let after: OverdueDwell | undefined;
  do {
    const overdue = await overdueDwells(database.db, limits, BATCH, after);
    await inLanes(overdue.filter(canFire), CONCURRENT, async ({ id }) => {
      try {
        await fire(id);
      } catch (error) {
        if (isDatabaseUnavailable(error)) throw error;
        // One dwell that cannot be fired must not delay the others.
        log.warn({ dwellId: id, reason: messageOf(error) }, 'firing an overdue dwell failed; trying again');
      }
    });
    after = overdue.length === BATCH ? overdue.at(-1) : undefined;
  } while (after !== undefined && !isStopped());
}
