import { sql } from 'drizzle-orm';
import { partitionOf, type NewEvent } from './change-log';
import { changeIdsOf } from './claim-deliveries';
import type { Executor } from './executor';

/** An event from outside with its sender's identity. */
export interface DeliveredEvent extends NewEvent {
  key: string;
  changeId: string;
}

/** One event: plain parameters, half the cost of the statement for many (measured: 900/s against 490/s on busy cores). */
async function appendOne(db: Executor, event: DeliveredEvent): Promise<string[]> {
  const { kind, id, cause, changeId } = event;
  const result = await db.execute<{ change_id: string }>(sql`
    with claimed as (
      insert into dedup_keys (key, change_ids) values (${event.key}, array[${changeId}::uuid])
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

/** Any number of events, in their order; keys are claimed sorted, so that batches cannot wait for each other. */
async function appendMany(db: Executor, events: readonly DeliveredEvent[]): Promise<string[]> {
  const records = events.map((event, ord) => ({
    ...{ ord, key: event.key, change_id: event.changeId, partition: partitionOf(event.kind, event.id) },
    ...{ kind: event.kind, entity_id: event.id, event: event.event, payload: event.payload },
    ...{ context_key: event.contextKey, actor: event.cause.actor, caused_by: event.cause.causedBy },
    ...{ depth: event.cause.depth, occurred_at: event.occurredAt.toISOString() },
  }));
  const result = await db.execute<{ change_id: string }>(sql`
    with input as materialized (
      select ord, key, change_id, partition, kind, entity_id, event, payload, context_key, actor, caused_by, depth,
        occurred_at
      from jsonb_to_recordset(${JSON.stringify(records)}::jsonb) as c(ord int, key text, change_id uuid,
        partition smallint, kind text, entity_id text, event text, payload jsonb, context_key text, actor jsonb,
        caused_by uuid, depth int, occurred_at timestamptz)
    ), claimed as (
      insert into dedup_keys (key, change_ids)
      select key, array[change_id] from input order by key, ord
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

/**
 * Appends events that were not delivered before and remembers them, in one statement: so that a single event costs one
 * round trip and needs no transaction around it. Gives one change id per distinct delivery, in the given order; those of
 * repeats are the ids of the first time.
 */
export async function deliverEvents(db: Executor, events: readonly DeliveredEvent[]): Promise<string[]> {
  const [first, ...others] = events;
  if (!first) return [];
  const appended = new Set(others.length === 0 ? await appendOne(db, first) : await appendMany(db, events));
  const ids = new Map(events.filter((e) => appended.has(e.changeId)).map((e) => [e.key, e.changeId]));
  const repeats = events.flatMap((event) => (ids.has(event.key) ? [] : [event.key]));
  for (const [key, changeIds] of await changeIdsOf(db, repeats)) ids.set(key, changeIds[0] ?? '');
  return [...new Set(events.flatMap((event) => ids.get(event.key) ?? []))];
}
