import { sql } from 'drizzle-orm';
import type { Executor } from '../db/executor';
import { changeOf, type ChangeRow } from '../db/change-row';
import type { Change } from '../domain/entities/change';

/** A change as it waits to be routed. */
export interface UnroutedChange {
  change: Change;
  partition: number;
  /** Tries so far. */
  attempts: number;
  /** It failed by itself before and rests until then; later changes of the same entity wait behind it. */
  nextAttemptAt: Date | null;
  /** Its entity has dwells that it may end. */
  hasDwells: boolean;
  /** It was set aside, and a person has put it back. */
  isRetried: boolean;
  /** Age at the time of reading, by the database's clock. */
  lagSeconds: number;
}

interface Row extends ChangeRow {
  partition: number;
  attempts: number;
  next_attempt_at: string | null;
  lag: number;
  has_dwells: boolean;
  is_retried: boolean;
}

/** Key of the entity whose changes must stay in order. */
export const entityKey = (change: { kind: string; id: string }): string => `${change.kind}\u0000${change.id}`;

/**
 * Oldest unrouted changes of some partitions, whether any run waits, and the revision of the definitions in the same snapshot: routing by an
 * index at least as new as that means that a save answered before an event was accepted is seen by it.
 */
export async function readUnrouted(
  db: Executor,
  partitions: Iterable<number>,
  resting: readonly { kind: string; id: string }[],
  limit: number,
): Promise<{ changes: UnroutedChange[]; revision: number; anyWaits: boolean }> {
  const except =
    resting.length === 0
      ? sql``
      : sql`and not exists (select 1 from jsonb_to_recordset(${JSON.stringify(resting)}::jsonb) as r(kind text, id text)
          where r.kind = c.kind and r.id = c.entity_id)`;
  const result = await db.execute<Row & { revision: string; any_waits: boolean }>(sql`
    select d.revision, exists (select 1 from waits) as any_waits,
      c.seq, c.change_id, c.partition, c.kind, c.entity_id, c.event, c.payload, c.prev, c.next, c.delta, c.changed_fields,
      c.actor, c.caused_by, c.depth, c.occurred_at, c.attempts, c.next_attempt_at, c.is_retried, c.lag, c.has_dwells
    from definition_revision d left join lateral (
      select seq, change_id, partition, kind, entity_id, event, payload, prev, next, delta, changed_fields, actor,
        caused_by, depth, occurred_at, attempts, next_attempt_at, coalesce(error ? 'retriedAt', false) as is_retried,
        extract(epoch from clock_timestamp() - recorded_at)::float8 as lag,
        exists (select 1 from dwells w where w.kind = c.kind and w.entity_id = c.entity_id and w.status <> 'idle')
          as has_dwells
      from changes c
      where routed_at is null and partition = any(${`{${[...partitions].join(',')}}`}::smallint[]) ${except}
      order by seq limit ${limit}) c on true
    order by c.seq`);
  return {
    changes: result.rows.filter((row) => row.seq !== null).map(toUnrouted),
    revision: Number(result.rows[0]?.revision ?? 0),
    anyWaits: result.rows[0]?.any_waits ?? false,
  };
}

function toUnrouted(row: Row): UnroutedChange {
  return {
    change: changeOf(row),
    partition: row.partition,
    attempts: row.attempts,
    hasDwells: row.has_dwells,
    isRetried: row.is_retried,
    lagSeconds: row.lag,
    nextAttemptAt: row.next_attempt_at === null ? null : new Date(row.next_attempt_at),
  };
}
