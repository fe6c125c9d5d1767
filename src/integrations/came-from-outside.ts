import type { Executor } from '../db/executor';
import { earlierResults, overtakingResults } from '../db/health-results';
import type { Change } from '../domain/entities/change';
import type { TriggerType } from '../domain/registry/trigger-type';

type Entering = NonNullable<ReturnType<NonNullable<TriggerType['entering']>>>;

/** Maximum number of a system's results that are searched for one in which the number can be read. */
const LOOK_BACK = 200;

/** Reads the results of a system. A dry run, which has no connection to the database, passes its own. */
export interface ResultReads {
  earlierResults: typeof earlierResults;
  overtakingResults: typeof overtakingResults;
}

/**
 * Returns whether the number of a result was outside of the range before this change, in the last result of its system
 * in which it can be read. Nothing but the results is remembered: a change that is routed again, or by another worker,
 * gets the same answer, and a number that was in range when an automation was enabled does not fire. Returns false when
 * no earlier result can be read, and for a result that arrives after a newer one.
 */
export async function cameFromOutside(
  db: Executor,
  change: Change,
  { inRange }: Entering,
  reads: ResultReads = { earlierResults, overtakingResults },
): Promise<boolean> {
  const before = { at: change.occurredAt, id: change.changeId, seq: change.seq };
  const canBeRead = ({ latencyMs, collectors }: { latencyMs: unknown; collectors: unknown }) =>
    inRange({ latencyMs, result: { collectors } }) !== undefined;
  const overtaking = await reads.overtakingResults(
    db,
    change.id,
    { at: change.occurredAt, seq: change.seq },
    LOOK_BACK,
  );
  if (overtaking.some(canBeRead)) return false;
  for (const { latencyMs, collectors } of await reads.earlierResults(db, change.id, before, LOOK_BACK)) {
    const was = inRange({ latencyMs, result: { collectors } });
    if (was !== undefined) return !was;
  }
  return false;
}
