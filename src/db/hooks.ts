import { desc, eq, lt, or, sql, type InferSelectModel } from 'drizzle-orm';
import { FermataError } from '../domain/errors';
import type { Executor } from './executor';
import { hooks } from './tables/access';

/** A stored inbound hook. */
export type HookRow = InferSelectModel<typeof hooks>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Returns the hook with this name or id, or null. With `lock`, also locks the row for an update by the caller. */
export async function findHook(db: Executor, nameOrId: string, options: { lock?: boolean } = {}) {
  const byId = UUID.test(nameOrId) ? eq(hooks.id, nameOrId.toLowerCase()) : undefined;
  const query = db
    .select()
    .from(hooks)
    .where(or(eq(hooks.name, nameOrId), byId))
    .limit(1);
  const rows = await (options.lock ? query.for('update') : query);
  return rows[0] ?? null;
}

/** Returns hooks from newest to oldest. `before` is the id of the last hook on the previous page. */
export async function listHooks(db: Executor, page: { limit: number; before: string | undefined }) {
  const where = page.before === undefined ? undefined : lt(hooks.id, page.before);
  return db.select().from(hooks).where(where).orderBy(desc(hooks.id)).limit(page.limit);
}

/** Yields every hook, reading one page at a time. */
export async function* allHooks(db: Executor, pageSize = 500): AsyncGenerator<HookRow> {
  for (let before: string | undefined; ;) {
    const page = await listHooks(db, { limit: pageSize, before });
    yield* page;
    before = page.at(-1)?.id;
    if (page.length < pageSize) return;
  }
}

/**
 * Adds a hook.
 * @throws {FermataError} `conflict` when the name is taken
 */
export async function insertHook(tx: Executor, hook: HookRow): Promise<void> {
  const made = await tx
    .insert(hooks)
    .values(hook)
    .onConflictDoNothing({ target: hooks.name })
    .returning({ id: hooks.id });
  if (made.length === 0) throw new FermataError('conflict', `Hook "${hook.name}" already exists.`);
}

/** Updates the mutable fields of a hook. The caller must have locked its row. */
export async function updateHook(tx: Executor, hook: HookRow): Promise<void> {
  const { scheme, header, options, secrets, updatedAt } = hook;
  await tx.update(hooks).set({ scheme, header, options, secrets, updatedAt }).where(eq(hooks.id, hook.id));
}

/** Removes a hook. Requests to it are refused from then on. */
export async function deleteHook(tx: Executor, id: string): Promise<void> {
  await tx.execute(sql`delete from hooks where id = ${id}`);
}
