import { sql } from 'drizzle-orm';
import { ownField, type EntityState } from '../../domain/entities/diff';
import type { Executor } from '../executor';

interface StateWrite {
  kind: string;
  id: string;
  prev: EntityState | null;
  next: EntityState | null;
  changedFields: readonly string[];
  changeId: string;
  /** When it became so; what `inStateSince` answers. */
  occurredAt: Date;
  /** Time of the server. */
  now: Date;
}

const jsonOrNull = (value: unknown) => (value === undefined ? null : JSON.stringify(value));

/** Stores the state and one transition per changed field, in one statement; the caller holds the row's lock. */
export async function writeState(tx: Executor, write: StateWrite): Promise<void> {
  const { kind, id, prev, next, changedFields } = write;
  const now = write.now.toISOString();
  const from = changedFields.map((field) => jsonOrNull(ownField(prev, field)));
  const to = changedFields.map((field) => jsonOrNull(ownField(next, field)));
  await tx.execute(sql`
    with stored as (
      update entities set state = ${next === null ? null : JSON.stringify(next)}::jsonb, updated_at = ${now},
        created_at = ${prev === null ? sql`${now}::timestamptz` : sql`created_at`}
      where kind = ${kind} and id = ${id}
    )
    insert into entity_transitions (kind, entity_id, field, from_value, to_value, at, change_id)
    select ${kind}, ${id}, field, from_value, to_value, ${write.occurredAt.toISOString()}, ${write.changeId}
    from unnest(${sql.param(changedFields)}::text[], ${sql.param(from)}::jsonb[], ${sql.param(to)}::jsonb[])
      as t(field, from_value, to_value)`);
}
