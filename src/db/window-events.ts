import { sql } from 'drizzle-orm';
import type { Executor } from './executor';

/** One arrival at a window gate. */
export interface WindowArrival {
  automationId: string;
  triggerId: string;
  /** Result of `windowGateId`. */
  gate: string;
  partitionKey: string;
  changeId: string;
  occurredAt: Date;
  /** Maximum number of other arrivals to return. */
  count: number;
  minutes: number;
}

/**
 * Counts an arrival in the caller's transaction. Returns the times, in milliseconds, of up to `count` other arrivals
 * that were counted for its key, starting with the newest. Returns null when this change has already been counted.
 * Other arrivals for the same key wait until the transaction ends.
 */
export async function countArrival(tx: Executor, arrival: WindowArrival): Promise<number[] | null> {
  const { automationId, triggerId, gate, partitionKey, count, minutes } = arrival;
  // An advisory lock is used because the first arrival for a key has no row to lock. Without the lock, two workers
  // could each count n - 1 other arrivals, so that neither or both would fire the window.
  const name = `window:${automationId}:${triggerId}:${partitionKey}`;
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`);
  const key = sql`automation_id = ${automationId} and trigger_id = ${triggerId} and gate = ${gate}
    and partition_key = ${partitionKey}`;
  const result = await tx.execute<{ counted: boolean; others: number[] | null }>(sql`
    with counted as (
      insert into window_events (automation_id, trigger_id, change_id, gate, partition_key, occurred_at)
      values (${automationId}, ${triggerId}, ${arrival.changeId}, ${gate}, ${partitionKey}, ${arrival.occurredAt.toISOString()})
      on conflict do nothing returning 1),
    others as (
      select occurred_at from window_events where ${key} order by occurred_at desc limit ${count}),
    -- Removes arrivals that are too old for any later arrival to count.
    pruned as (
      delete from window_events where ${key} and occurred_at < (
        select greatest(max(occurred_at) - make_interval(secs => ${minutes * 60}),
          case when count(*) = ${count} then min(occurred_at) end) from others))
    select exists (select 1 from counted) as counted,
      (select array_agg(extract(epoch from occurred_at)::float8 * 1000 order by occurred_at desc) from others) as others`);
  const row = result.rows[0];
  return row?.counted === true ? (row.others ?? []).map(Math.round) : null;
}

/** Removes the counted events of triggers that have been removed or changed. */
export async function keepWindows(tx: Executor, automationId: string, gates: readonly string[]): Promise<void> {
  await tx.execute(sql`
    delete from window_events where automation_id = ${automationId} and gate <> all(${`{${gates.join(',')}}`}::text[])`);
}
