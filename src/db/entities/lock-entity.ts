import { sql } from 'drizzle-orm';
import type { EntityState } from '../../domain/entities/diff';
import type { Executor } from '../executor';

interface LockedEntity {
  state: EntityState | null;
  createdAt: Date;
  updatedAt: Date;
}

interface Row extends Record<string, unknown> {
  state: EntityState | null;
  created_at: Date;
  updated_at: Date;
}

/**
 * Locks the row of an entity until the transaction ends, making it when absent (state null), and gives its state as
 * committed last. Every writer goes through here before it draws a `seq`: so `seq` order is commit order per entity.
 */
export async function lockEntity(tx: Executor, kind: string, id: string, now: Date): Promise<LockedEntity> {
  const select = sql`select state, created_at, updated_at from entities where kind = ${kind} and id = ${id} for update`;
  let rows = (await tx.execute<Row>(select)).rows;
  if (rows.length === 0) {
    const at = now.toISOString();
    // Waits for a concurrent insert of the same key to commit; the statement after it then sees and locks that row.
    await tx.execute(sql`insert into entities (kind, id, state, created_at, updated_at)
      values (${kind}, ${id}, null, ${at}, ${at}) on conflict (kind, id) do nothing`);
    rows = (await tx.execute<Row>(select)).rows;
  }
  const row = rows[0];
  if (!row) throw new Error(`The row of entity ${kind}/${id} vanished while it was being locked`);
  return { state: row.state, createdAt: new Date(row.created_at), updatedAt: new Date(row.updated_at) };
}
