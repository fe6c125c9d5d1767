import type { Executor } from '../db/executor';
import { earlierResults } from '../db/health-results';
import type { Change } from '../domain/entities/change';
import type { TriggerType } from '../domain/registry/trigger-type';

type Entering = NonNullable<ReturnType<NonNullable<TriggerType['entering']>>>;

/** Results of a system that are looked through for one that can be read. */
const LOOK_BACK = 200;

/**
 * Whether the number of a result was outside of the range at the last result of its system that can be read. The results
 * themselves are the memory: a change that is routed again, or by another worker, gets the same answer, and what was in
 * range when an automation was enabled does not fire. Never read before = not known to have been outside.
 */
export async function cameFromOutside(db: Executor, change: Change, { inRange }: Entering): Promise<boolean> {
  const before = { at: change.occurredAt, id: change.changeId };
  for (const { latencyMs, collectors } of await earlierResults(db, change.id, before, LOOK_BACK)) {
    const was = inRange({ latencyMs, result: { collectors } });
    if (was !== undefined) return !was;
  }
  return false;
}
