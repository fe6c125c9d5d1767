import { and, desc, eq, gte, lt, sql } from 'drizzle-orm';
import { ownField, sameJson, type EntityState } from '../../domain/entities/diff';
import type { Executor } from '../executor';
import { entities, entityTransitions } from '../tables/entities';

/** A change of one top-level field; null = the field or the entity did not exist. */
export interface Transition {
  /** Position, which the cursors of lists contain. Newer transitions have higher positions. */
  position: number;
  field: string;
  from: unknown;
  to: unknown;
  at: Date;
  changeId: string;
}

/** Filter of transitions of one entity. */
export interface TransitionQuery {
  kind: string;
  id: string;
  field?: string;
  /** Maximum number of rows. */
  limit: number;
  /** Only transitions with positions below this position. */
  before?: number;
}

/** Returns transitions of an entity, newest first. */
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
 * Returns the time since which the field has had its value. If no transition of the field is stored, this is the creation of the
 * entity. Returns null when the entity does not exist.
 */
export async function inStateSince(db: Executor, kind: string, id: string, field: string): Promise<Date | null> {
  const entity = await live(db, kind, id);
  if (!entity) return null;
  const [latest] = await listTransitions(db, { kind, id, field, limit: 1 });
  return latest?.at ?? entity.createdAt;
}

/**
 * Returns how often the field changed in the window that ends at `now`; the start is inclusive. Creation and removal of
 * the entity count as changes.
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
 * Returns the time since which the field has continuously had one of `values`; a change between two of these values does not
 * count as an interruption. Returns null when the field has none of these values now, or the entity does not exist. The
 * time is that of the transition to one of the values. If retention has removed this transition, the oldest remaining
 * later transition is used, or, if there is none, the creation of the entity.
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
