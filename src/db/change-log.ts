import { sql } from 'drizzle-orm';
import type { Cause, Change } from '../domain/entities/change';
import { uuidV7 } from '../domain/clock';
import { CHANGE_COLUMNS, changeOf, type ChangeRow } from './change-row';
import type { Executor } from './executor';

/** Number of partitions of the change log: the unit that workers lease. */
export const PARTITIONS = 64;

interface NewChangeBase {
  /** Id derived from the identity that the sender gave the message. Default: generated here. */
  changeId?: string;
  kind: string;
  id: string;
  occurredAt: Date;
  cause: Cause;
}

/** An event to append. */
export interface NewEvent extends NewChangeBase {
  event: string;
  payload: Record<string, unknown>;
  contextKey: string | null;
  /**
   * The changes from which the event was derived (`derivedFrom`). Stored in the column `delta`, which events do not
   * otherwise use.
   */
  context?: Record<string, unknown>;
}

/** A state change to append; the caller holds the lock on the entity's row. */
export interface NewEntityChange extends NewChangeBase {
  prev: Record<string, unknown> | null;
  next: Record<string, unknown> | null;
  delta: Record<string, unknown>;
  changedFields: string[];
  /** Data, besides the state, that derived events include in their payloads. Stored in the column `payload`. */
  context?: Record<string, unknown>;
}

/** A log entry: an event or a state change. */
export type NewChange = NewEvent | NewEntityChange;

/**
 * Returns the partition of an entity: the FNV-1a hash of the code points of its kind and id, modulo `PARTITIONS`. All
 * changes of an entity are in one partition and are therefore ordered.
 */
export function partitionOf(kind: string, id: string): number {
  let hash = 0x811c9dc5;
  for (const char of `${kind}\u0000${id}`) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  }
  return (hash >>> 0) % PARTITIONS;
}

function toRecord(change: NewChange, ord: number): Record<string, unknown> {
  const { kind, id, occurredAt, cause, changeId, ...rest } = change;
  return {
    ord,
    change_id: changeId ?? uuidV7.next(),
    partition: partitionOf(kind, id),
    kind,
    entity_id: id,
    actor: cause.actor,
    caused_by: cause.causedBy,
    depth: cause.depth,
    occurred_at: occurredAt.toISOString(),
    ...('event' in rest
      ? {
          event: rest.event,
          payload: rest.payload,
          context_key: rest.contextKey,
          ...(rest.context && { delta: rest.context }),
        }
      : {
          prev: rest.prev,
          next: rest.next,
          delta: rest.delta,
          changed_fields: rest.changedFields,
          ...(rest.context && { payload: rest.context }),
        }),
  };
}

/**
 * Appends changes to the log in the caller's transaction, in the given order and in one statement. This statement
 * assigns `seq`, so a caller that needs the changes of an entity in order locks the entity's row first. Returns the ids
 * and positions of the changes.
 */
export async function appendChanges(
  tx: Executor,
  changes: readonly NewChange[],
): Promise<{ changeId: string; seq: number }[]> {
  if (changes.length === 0) return [];
  const records = JSON.stringify(changes.map(toRecord));
  const result = await tx.execute<{ change_id: string; seq: string }>(sql`
    insert into changes (change_id, partition, kind, entity_id, event, payload, context_key, prev, next, delta,
      changed_fields, actor, caused_by, depth, occurred_at)
    select change_id, partition, kind, entity_id, event, payload, context_key, prev, next, delta,
      changed_fields, actor, caused_by, depth, occurred_at
    from jsonb_to_recordset(${records}::jsonb) as c(ord int, change_id uuid, partition smallint, kind text,
      entity_id text, event text, payload jsonb, context_key text, prev jsonb, next jsonb, delta jsonb,
      changed_fields text[], actor jsonb, caused_by uuid, depth int, occurred_at timestamptz)
    order by ord
    returning change_id, seq`);
  return result.rows.map((row) => ({ changeId: row.change_id, seq: Number(row.seq) }));
}

/** Maximum number of changes of one entity that are searched. */
const MAX_SEARCHED = 1_000;

/**
 * Returns the changes of an entity after a given change and before an instant, in log order. Returns null when there
 * are too many to search, or when the given change is no longer in the log.
 */
export async function changesOfEntityBefore(
  tx: Executor,
  range: { entity: { kind: string; id: string }; after: string; before: Date },
): Promise<Change[] | null> {
  const { entity, after, before } = range;
  const start = await tx.execute<{ seq: string }>(sql`select seq from changes where change_id = ${after}`);
  const [given] = start.rows;
  if (given === undefined) return null;
  const found = await tx.execute<ChangeRow>(sql`
    select ${CHANGE_COLUMNS} from changes
    where partition = ${partitionOf(entity.kind, entity.id)} and kind = ${entity.kind}
      and entity_id >= ${entity.id} and entity_id <= ${entity.id}
      and seq > ${given.seq} and occurred_at < ${before.toISOString()}
    order by entity_id, seq limit ${MAX_SEARCHED}`);
  return found.rows.length === MAX_SEARCHED ? null : found.rows.map(changeOf);
}
