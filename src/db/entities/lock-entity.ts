import { sql } from 'drizzle-orm';
import type { EntityState } from '../../domain/entities/diff';
import type { Executor } from '../executor';

/** An entity whose row is locked; `state` is null when the entity does not exist. */
export interface LockedEntity {
  state: EntityState | null;
  updatedAt: Date;
}

interface Row extends Record<string, unknown> {
  id: string;
  state: EntityState | null;
  updated_at: Date;
}

/**
 * Locks the rows of entities of one kind until the transaction ends, in the order of their ids. A missing row is
 * inserted with the state null. Returns the states as last committed. Every writer locks its entities here before it
 * appends changes, so the changes of each entity are committed in the order of `seq`.
 */
export async function lockEntities(
  tx: Executor,
  kind: string,
  ids: readonly string[],
  now: Date,
): Promise<Map<string, LockedEntity>> {
  const select = sql`
    select id, state, updated_at from entities
    where kind = ${kind} and id = any(${sql.param(ids)}::text[]) order by id for update`;
  let { rows } = await tx.execute<Row>(select);
  if (rows.length < ids.length) {
    const found = new Set(rows.map(({ id }) => id));
    const missing = ids.filter((id) => !found.has(id)).sort();
    const at = now.toISOString();
    // The insert waits for a concurrent insert of the same key to commit. The select after it reads and locks that row.
    await tx.execute(sql`
      insert into entities (kind, id, state, created_at, updated_at)
      select ${kind}, id, null, ${at}::timestamptz, ${at}::timestamptz
      from unnest(${sql.param(missing)}::text[]) with ordinality as t(id, ord) order by ord
      on conflict (kind, id) do nothing`);
    rows = (await tx.execute<Row>(select)).rows;
  }
  const locked = new Map(rows.map((row) => [row.id, { state: row.state, updatedAt: new Date(row.updated_at) }]));
  const vanished = ids.find((id) => !locked.has(id));
  if (vanished !== undefined)
    throw new Error(`The row of entity ${kind}/${vanished} vanished while it was being locked`);
  return locked;
}
