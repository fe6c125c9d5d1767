import { sql } from 'drizzle-orm';
import { partitionOf, type NewEvent } from './change-log';
import { contentsOf } from './claim-deliveries';
import type { Executor } from './executor';

/** An event from an external sender, and the identity that the sender gave it. */
export interface DeliveredEvent extends NewEvent {
  key: string;
  changeId: string;
  /** Hash of the event's content. It distinguishes a repeat from a different event with the same identity. */
  contentHash: string;
}

/**
 * Appends one event using plain parameters. This costs half as much as the statement for many events (measured: 900/s
 * versus 490/s on busy cores). Returns the id of the change, or an empty list for a repeat.
 */
async function appendOne(db: Executor, event: DeliveredEvent): Promise<string[]> {
  const { kind, id, cause, changeId } = event;
  const result = await db.execute<{ change_id: string }>(sql`
    with claimed as (
      insert into dedup_keys (key, change_ids, content_hash)
      values (${event.key}, array[${changeId}::uuid], ${event.contentHash})
      on conflict (key) do nothing
      returning key
    )
    insert into changes (change_id, partition, kind, entity_id, event, payload, context_key, actor, caused_by, depth,
      occurred_at)
    select ${changeId}::uuid, ${partitionOf(kind, id)}::smallint, ${kind}, ${id}, ${event.event},
      ${JSON.stringify(event.payload)}::jsonb, ${event.contextKey}::text, ${JSON.stringify(cause.actor)}::jsonb,
      ${cause.causedBy}::uuid, ${cause.depth}::int, ${event.occurredAt.toISOString()}::timestamptz
    from claimed
    returning change_id`);
  return result.rows.map((row) => row.change_id);
}

/**
 * Appends any number of events in the given order. Keys are claimed in sorted order, so that two batches cannot
 * deadlock. Returns the ids of the appended changes; repeats are left out.
 */
async function appendMany(db: Executor, events: readonly DeliveredEvent[]): Promise<string[]> {
  const records = events.map((event, ord) => ({
    ...{
      ord,
      key: event.key,
      content_hash: event.contentHash,
      change_id: event.changeId,
      partition: partitionOf(event.kind, event.id),
    },
    ...{ kind: event.kind, entity_id: event.id, event: event.event, payload: event.payload },
    ...{ context_key: event.contextKey, actor: event.cause.actor, caused_by: event.cause.causedBy },
    ...{ depth: event.cause.depth, occurred_at: event.occurredAt.toISOString() },
  }));
  const result = await db.execute<{ change_id: string }>(sql`
    with input as materialized (
      select ord, key, content_hash, change_id, partition, kind, entity_id, event, payload, context_key, actor, caused_by, depth,
        occurred_at
      from jsonb_to_recordset(${JSON.stringify(records)}::jsonb) as c(ord int, key text, content_hash text, change_id uuid,
        partition smallint, kind text, entity_id text, event text, payload jsonb, context_key text, actor jsonb,
        caused_by uuid, depth int, occurred_at timestamptz)
    ), claimed as (
      insert into dedup_keys (key, change_ids, content_hash)
      select key, array[change_id], content_hash from input order by key, ord
      on conflict (key) do nothing
      returning key, change_ids
    )
    insert into changes (change_id, partition, kind, entity_id, event, payload, context_key, actor, caused_by, depth,
      occurred_at)
    select change_id, partition, kind, entity_id, event, payload, context_key, actor, caused_by, depth, occurred_at
    from input join claimed using (key)
    where change_id = change_ids[1]
    order by ord
    returning change_id`);
  return result.rows.map((row) => row.change_id);
}

/** The result of delivering events. */
export interface DeliveryResult {
  /**
   * Change ids in the given order, one for each distinct delivery. For a repeat, this is the id of the first delivery.
   */
  changeIds: string[];
  /** Events that were dropped because an earlier event had the same identity but different content. */
  mismatched: DeliveredEvent[];
}

/**
 * Appends events that have not been delivered before and records their identities. Uses a single statement, so one
 * event costs one round trip and needs no surrounding transaction.
 */
export async function deliverEvents(db: Executor, events: readonly DeliveredEvent[]): Promise<DeliveryResult> {
  const [first, ...others] = events;
  if (!first) return { changeIds: [], mismatched: [] };
  const appended = new Set(others.length === 0 ? await appendOne(db, first) : await appendMany(db, events));
  const kept = new Map(
    events
      .filter(({ changeId }) => appended.has(changeId))
      .map(({ key, changeId, contentHash }) => [key, { changeId, contentHash }]),
  );
  // A repeat whose first delivery has not committed waits at the unique key of `dedup_keys` until that transaction
  // ends. If the transaction committed, the first delivery is found here. If it was rolled back, the repeat was
  // appended as a new delivery.
  const repeats = events.flatMap(({ key }) => (kept.has(key) ? [] : [key]));
  for (const [key, { changeIds, contentHash }] of await contentsOf(db, repeats)) {
    kept.set(key, { changeId: changeIds[0] ?? '', contentHash: contentHash ?? '' });
  }
  // Keys that were stored before hashes existed count as having an empty hash, which matches any content.
  const isOther = ({ key, contentHash }: DeliveredEvent) =>
    ![contentHash, ''].includes(kept.get(key)?.contentHash ?? '');
  return {
    changeIds: [...new Set(events.flatMap(({ key }) => kept.get(key)?.changeId ?? []))],
    mismatched: events.filter(isOther),
  };
}
