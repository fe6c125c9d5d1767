import { sql } from 'drizzle-orm';
import { partitionOf, type NewEvent } from './change-log';
import { changeIdsOf } from './claim-deliveries';
import type { Executor } from './executor';

/** An event from outside with its sender's identity. */
export interface DeliveredEvent extends NewEvent {
  key: string;
  changeId: string;
}

/**
 * Appends events that were not delivered before and remembers them, in one statement: so that a single event costs one
 * round trip and needs no transaction around it. Gives one change id per distinct delivery, in the given order; those of
 * repeats are the ids of the first time. Keys are claimed in order, so that batches cannot wait for each other.
 */
export async function deliverEvents(db: Executor, events: readonly DeliveredEvent[]): Promise<string[]> {
  if (events.length === 0) return [];
  const records = events.map((event, ord) => ({
    ...{ ord, key: event.key, change_id: event.changeId, partition: partitionOf(event.kind, event.id) },
    ...{ kind: event.kind, entity_id: event.id, event: event.event, payload: event.payload },
    ...{ context_key: event.contextKey, actor: event.cause.actor, caused_by: event.cause.causedBy },
    ...{ depth: event.cause.depth, occurred_at: event.occurredAt.toISOString() },
  }));
  const result = await db.execute<{ change_id: string }>(sql`
    with input as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(records)}::jsonb) as c(ord int, key text, change_id uuid,
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
  const appended = new Set(result.rows.map((row) => row.change_id));
  const ids = new Map(events.filter((e) => appended.has(e.changeId)).map((e) => [e.key, e.changeId]));
  const repeats = events.flatMap((event) => (ids.has(event.key) ? [] : [event.key]));
  for (const [key, changeIds] of await changeIdsOf(db, repeats)) ids.set(key, changeIds[0] ?? '');
  return [...new Set(events.flatMap((event) => ids.get(event.key) ?? []))];
}
