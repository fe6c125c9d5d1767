import { sql, type SQL } from 'drizzle-orm';
import type { Executor } from '../db/executor';
import { changeOf, type ChangeRow } from '../db/change-row';
import type { Change } from '../domain/entities/change';

/** A change that has not been routed yet. */
export interface UnroutedChange {
  change: Change;
  partition: number;
  /** Number of attempts to route the change that have failed. */
  attempts: number;
  /** Time of the next attempt if an attempt has failed. Later changes of the same entity wait until then. */
  nextAttemptAt: Date | null;
  /** Whether its entity has dwells that the change may end. */
  hasDwells: boolean;
  /** Whether the change was set aside in the dead-letter list and an operator has retried it. */
  isRetried: boolean;
  /** Age of the change in seconds when it was read, by the database's clock. */
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

/** Returns the key of the entity that a change belongs to. Changes with the same key are routed in order. */
export const entityKey = (change: { kind: string; id: string }): string => `${change.kind}\u0000${change.id}`;

/** Columns of a change `c`. The lag is its age by the database's clock. */
const COLUMNS = sql.raw(`c.seq, c.change_id, c.partition, c.kind, c.entity_id, c.event, c.payload, c.prev, c.next,
  c.delta, c.changed_fields, c.actor, c.caused_by, c.depth, c.occurred_at, c.attempts, c.next_attempt_at,
  coalesce(c.error ? 'retriedAt', false) as is_retried,
  extract(epoch from clock_timestamp() - c.recorded_at)::float8 as lag,
  exists (select 1 from dwells w where w.kind = c.kind and w.entity_id = c.entity_id and w.status <> 'idle') as has_dwells`);

/** Number of oldest unrouted changes from which a fair read chooses. */
const FAIR_AMONG = 4_000;

export interface ReadOptions {
  /** Entities whose changes are not read. */
  resting: readonly { kind: string; id: string }[];
  limit: number;
  /**
   * False: reads the oldest changes. True: chooses from the oldest 4,000 changes. Classes of changes (by kind, event,
   * and type, hook or alert name) then take turns, and so do the entities within a class, so that a burst for one
   * automation or entity does not delay the others. Changes of one entity keep their order in both cases.
   */
  fair: boolean;
}

/**
 * Reads unrouted changes of the given partitions, in the order in which they must be routed. Also returns, from the
 * same snapshot, whether any wait is armed, and the revision of the definitions. An index at this revision or a later
 * one contains every automation that was saved before any of the changes was accepted.
 */
export async function readUnrouted(
  db: Executor,
  partitions: Iterable<number>,
  { resting, limit, fair }: ReadOptions,
): Promise<{ changes: UnroutedChange[]; revision: number; anyWaits: boolean }> {
  const except =
    resting.length === 0
      ? sql``
      : sql`and not exists (select 1 from jsonb_to_recordset(${JSON.stringify(resting)}::jsonb) as r(kind text, id text)
          where r.kind = c.kind and r.id = c.entity_id)`;
  const unrouted = sql`c.routed_at is null and c.partition = any(${`{${[...partitions].join(',')}}`}::smallint[]) ${except}`;
  // The offset keeps the planner from joining all unrouted changes, whose number it underestimates.
  const picked = fair
    ? sql`lateral (${inTurn(unrouted, limit)}) t on true left join lateral (
        select ${COLUMNS} from changes c where c.seq = t.seq and c.recorded_at = t.recorded_at offset 0) c on true
        order by t.turn, c.seq`
    : sql`lateral (select ${COLUMNS} from changes c where ${unrouted} order by c.seq limit ${limit}) c on true
        order by c.seq`;
  const result = await db.execute<Row & { revision: string; any_waits: boolean }>(sql`
    select d.revision, exists (select 1 from waits) as any_waits,
      c.seq, c.change_id, c.partition, c.kind, c.entity_id, c.event, c.payload, c.prev, c.next, c.delta, c.changed_fields,
      c.actor, c.caused_by, c.depth, c.occurred_at, c.attempts, c.next_attempt_at, c.is_retried, c.lag, c.has_dwells
    from definition_revision d left join ${picked}`);
  return {
    changes: result.rows.filter((row) => row.seq !== null).map(toUnrouted),
    revision: Number(result.rows[0]?.revision ?? 0),
    anyWaits: result.rows[0]?.any_waits ?? false,
  };
}

/**
 * Selects `limit` of the oldest unrouted changes so that classes take turns, one change at a time. Within a class, the
 * first change of every entity comes before the second change of any entity. The running maximum keeps changes of one
 * entity in order when they belong to several classes. Hashes are used because they are faster to sort than strings.
 * Entities or classes with the same hash would share their turns, which is harmless.
 */
const inTurn = (unrouted: SQL, limit: number): SQL => sql`
  select seq, recorded_at, max(turn) over (partition by entity order by seq) as turn from (
    select seq, recorded_at, entity, row_number() over (partition by class order by nth, seq) as turn from (
      select seq, recorded_at, entity, class, row_number() over (partition by class, entity order by seq) as nth from (
        select seq, recorded_at, hashtextextended(concat_ws(' ', kind, entity_id), 0) as entity, hashtextextended(
          concat_ws(' ', kind, event, coalesce(payload ->> 'type', payload ->> 'hook', next ->> 'name')), 0) as class
        from (
          select c.seq, c.recorded_at, c.kind, c.entity_id, c.event, c.payload, c.next
          from changes c where ${unrouted} order by c.seq limit ${FAIR_AMONG}) oldest) hashed) numbered) turns
  order by turn, seq limit ${limit}`;

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
