import type { Executor } from '../db/executor';
import { earlierResults, overtakingResults } from '../db/health-results';
import type { Change } from '../domain/entities/change';
import type { TriggerType } from '../domain/registry/trigger-type';

type Entering = NonNullable<ReturnType<NonNullable<TriggerType['entering']>>>;

/** Maximum number of results to search for one that contains the number. */
const LOOK_BACK = 200;

/** Reads the stored results of a system. A dry run without a database passes its own implementation. */
export interface ResultReads {
  earlierResults: typeof earlierResults;
  overtakingResults: typeof overtakingResults;
}

/**
 * Returns whether this change moved one of the system's numbers into a range, i.e. whether the number was outside the
 * range in the newest earlier result that contains it. Returns false when no earlier result contains the number, or
 * when a newer result with the number was received before this one. The comparison uses only stored results, so the
 * outcome is the same when a change is routed again or by another worker. A number that was already in the range when
 * the automation was enabled does not fire the trigger.
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
