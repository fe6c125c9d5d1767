import { desc, eq, lt, sql, type InferSelectModel } from 'drizzle-orm';
import type { Executor } from './executor';
import { connections } from './tables/connections';

/** A stored connection. */
export type ConnectionRow = InferSelectModel<typeof connections>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Returns the connection with this id, or null. With `lock`, also locks the row for an update by the caller. */
export async function findConnection(
  db: Executor,
  id: string,
  options: { lock?: boolean } = {},
): Promise<ConnectionRow | null> {
  if (!UUID.test(id)) return null;
  const query = db.select().from(connections).where(eq(connections.id, id));
  const rows = await (options.lock ? query.for('update') : query);
  return rows[0] ?? null;
}

/**
 * Returns the connection with this id. If no connection has this id, returns connections with this name: at most two,
 * which is enough to detect an ambiguous name.
 */
export async function connectionsNamed(db: Executor, idOrName: string): Promise<ConnectionRow[]> {
  const row = await findConnection(db, idOrName);
  return row === null ? db.select().from(connections).where(eq(connections.name, idOrName)).limit(2) : [row];
}

/** Returns connections from newest to oldest. `before` is the id of the last connection on the previous page. */
export async function listConnections(
  db: Executor,
  page: { limit: number; before: string | undefined },
): Promise<ConnectionRow[]> {
  const where = page.before === undefined ? undefined : lt(connections.id, page.before);
  return db.select().from(connections).where(where).orderBy(desc(connections.id)).limit(page.limit);
}

/** Yields every connection, reading one page at a time. */
export async function* allConnections(db: Executor, pageSize = 500): AsyncGenerator<ConnectionRow> {
  for (let before: string | undefined; ;) {
    const page = await listConnections(db, { limit: pageSize, before });
    yield* page;
    before = page.at(-1)?.id;
    if (page.length < pageSize) return;
  }
}

/** Adds a connection. */
export async function insertConnection(tx: Executor, row: ConnectionRow): Promise<void> {
  await tx.insert(connections).values(row);
}

/** Updates the mutable fields of a connection. The caller must have locked its row. */
export async function updateConnection(tx: Executor, row: ConnectionRow): Promise<void> {
  const { name, config, secrets, updatedAt } = row;
  await tx.update(connections).set({ name, config, secrets, updatedAt }).where(eq(connections.id, row.id));
}

/** Removes a connection. Steps that refer to it fail from then on. */
export async function deleteConnection(tx: Executor, id: string): Promise<void> {
  await tx.execute(sql`delete from connections where id = ${id}`);
}
