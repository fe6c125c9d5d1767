import { and, desc, eq, gte, lt, sql } from 'drizzle-orm';
import { ownField, sameJson, type EntityState } from '../../domain/entities/diff';
import type { Executor } from '../executor';
import { entities, entityTransitions } from '../tables/entities';

/** A change of one top-level field; null = the field or the entity did not exist. */
export interface Transition {
  /** Position, for use in list cursors. Newer transitions have higher positions. */
  position: number;
  field: string;
  from: unknown;
  to: unknown;
  at: Date;
  changeId: string;
}

/** Filter for the transitions of one entity. */
export interface TransitionQuery {
  kind: string;
  id: string;
  field?: string;
  /** Maximum number of rows. */
  limit: number;
  /** Returns only transitions below this position. */
  before?: number;
}

/** Returns transitions of an entity from newest to oldest. */
export async function listTransitions(db: Executor, query: TransitionQuery): Promise<Transition[]> {
  const t = entityTransitions;
  const rows = await db
    .select()
    .from(t)
    .where(
      and(
        eq(t.kind, query.kind),
        eq(t.entityId, query.id),
        query.field === undefined ? undefined : eq(t.field, query.field),
        query.before === undefined ? undefined : lt(t.id, query.before),
      ),
    )
    .orderBy(desc(t.id))
    .limit(query.limit);
  return rows.map((row) => ({
    ...{ position: row.id, field: row.field, from: row.fromValue ?? null, to: row.toValue ?? null },
    ...{ at: row.at, changeId: row.changeId },
  }));
}

async function live(db: Executor, kind: string, id: string): Promise<{ state: EntityState; createdAt: Date } | null> {
  const rows = await db
    .select({ state: entities.state, createdAt: entities.createdAt })
    .from(entities)
    .where(and(eq(entities.kind, kind), eq(entities.id, id)));
  const row = rows[0];
  return row?.state ? { state: row.state, createdAt: row.createdAt } : null;
}

/**
 * Returns when the field got its current value. If no transition of the field is stored, returns when the entity was
 * created. Returns null when the entity does not exist.
 */
export async function inStateSince(db: Executor, kind: string, id: string, field: string): Promise<Date | null> {
  const entity = await live(db, kind, id);
  if (!entity) return null;
  const [latest] = await listTransitions(db, { kind, id, field, limit: 1 });
  return latest?.at ?? entity.createdAt;
}

/**
 * Returns how often the field changed in the window of `windowMs` milliseconds that ends at `now`. The start of the
 * window is inclusive. Creation and removal of the entity count as changes.
 */
export async function transitionCount(
  db: Executor,
  ref: { kind: string; id: string; field: string },
  windowMs: number,
  now: Date,
): Promise<number> {
  const t = entityTransitions;
  return db.$count(
    t,
    and(
      ...[eq(t.kind, ref.kind), eq(t.entityId, ref.id), eq(t.field, ref.field)],
      gte(t.at, new Date(now.getTime() - windowMs)),
    ),
  );
}

/** A condition on a field of an entity. */
export interface Predicate {
  kind: string;
  id: string;
  field: string;
  /** The condition is true while the field equals one of these values. */
  values: readonly unknown[];
}

/**
 * Returns the start of the period in which the field has continuously had one of `values`, up to now. A change between
 * two of these values does not interrupt the period. If retention has removed the transition at the start, returns the
 * time of the oldest later transition or, if there is none, when the entity was created. Returns null when the field
 * currently has none of these values, or the entity does not exist.
 */
export async function predicateSince(db: Executor, predicate: Predicate): Promise<Date | null> {
  const { kind, id, field, values } = predicate;
  const entity = await live(db, kind, id);
  const value = ownField(entity?.state ?? null, field) ?? null;
  if (!entity || !values.some((candidate) => sameJson(candidate ?? null, value))) return null;
  const wanted = sql.param(values.map((candidate) => JSON.stringify(candidate ?? null)));
  const own = sql`kind = ${kind} and entity_id = ${id} and field = ${field}`;
  const result = await db.execute<{ at: Date | string }>(sql`
    select at from entity_transitions
    where ${own} and id > coalesce((
      select max(id) from entity_transitions
      where ${own} and not (coalesce(to_value, 'null') = any(${wanted}::jsonb[]))), 0)
    order by id limit 1`);
  const first = result.rows[0];
  return first ? new Date(first.at) : entity.createdAt;
}
