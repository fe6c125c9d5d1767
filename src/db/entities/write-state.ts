import { sql } from 'drizzle-orm';
import { ownField, type EntityState } from '../../domain/entities/diff';
import type { Executor } from '../executor';

/** A new state of a locked entity. */
export interface StateWrite {
  id: string;
  /** null = the entity did not exist. */
  prev: EntityState | null;
  /** null = the entity is removed. */
  next: EntityState | null;
  changedFields: readonly string[];
  changeId: string;
  /** When the new state began, as `inStateSince` returns it. */
  occurredAt: Date;
}

/**
 * Stores new states of entities of one kind in one statement, with one transition for each changed field. The caller
 * holds the locks of the rows. `now` is the server's time.
 */
export async function writeStates(tx: Executor, kind: string, writes: readonly StateWrite[], now: Date): Promise<void> {
  if (writes.length === 0) return;
  const at = now.toISOString();
  const states = writes.map(({ id, prev, next }) => ({ id, state: next, created: prev === null }));
  const transitions = writes.flatMap(({ id, prev, next, changedFields, changeId, occurredAt }) =>
    changedFields.map((field) => {
      const [from, to] = [ownField(prev, field), ownField(next, field)];
      const values = { from_value: from ?? null, to_value: to ?? null, was: from !== undefined, is: to !== undefined };
      return { id, field, ...values, at: occurredAt.toISOString(), change_id: changeId };
    }),
  );
  await tx.execute(sql`
    with stored as (
      update entities e set state = w.state, updated_at = ${at}::timestamptz,
        created_at = case when w.created then ${at}::timestamptz else e.created_at end
      from jsonb_to_recordset(${JSON.stringify(states)}::jsonb) as w(id text, state jsonb, created boolean)
      where e.kind = ${kind} and e.id = w.id
    )
    insert into entity_transitions (kind, entity_id, field, from_value, to_value, at, change_id)
    -- SQL null: the field is absent. JSON null: the value of the field is null.
    select ${kind}, id, field, case when was then coalesce(from_value, 'null') end,
      case when "is" then coalesce(to_value, 'null') end, at, change_id
    from jsonb_to_recordset(${JSON.stringify(transitions)}::jsonb) as t(id text, field text, from_value jsonb,
      to_value jsonb, was boolean, "is" boolean, at timestamptz, change_id uuid)`);
}
