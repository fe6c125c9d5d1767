import { sql } from 'drizzle-orm';
import type { Executor } from '../db/executor';
import type { ChangeFence } from '../db/mark-routed';

/** Pauses between attempts to route a change, in seconds: five attempts within about half a minute. */
const PAUSES_SECONDS = [1, 3, 8, 18] as const;

/**
 * Records that a change could not be routed. The change is retried after a pause. After the last attempt it is set
 * aside in the dead-letter list (`failed_at`), from which a person can retry it. Nothing is recorded if another worker
 * has taken over the partition. Returns `resting` if the change will be retried, otherwise `set_aside`.
 */
export async function noteFailure(
  db: Executor,
  workerId: string,
  change: ChangeFence & { attempts: number },
  message: string,
): Promise<'resting' | 'set_aside'> {
  const attempts = change.attempts + 1;
  const pause = PAUSES_SECONDS[change.attempts];
  const outcome =
    pause === undefined
      ? sql`failed_at = clock_timestamp(), routed_at = clock_timestamp(), next_attempt_at = null`
      : sql`next_attempt_at = clock_timestamp() + make_interval(secs => ${pause})`;
  await db.execute(sql`
    update changes set attempts = ${attempts}, error = coalesce(error, '{}') || ${JSON.stringify({ message })}::jsonb, ${outcome}
    where seq = ${change.seq} and routed_at is null and exists (
      select 1 from partition_leases where partition = ${change.partition} and epoch = ${change.epoch}
        and owner = ${workerId})`);
  return pause === undefined ? 'set_aside' : 'resting';
}
