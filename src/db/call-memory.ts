import { and, eq, sql } from 'drizzle-orm';
import { sha256 } from '../domain/sha256';
import type { Executor } from './executor';
import { callProgress, connectionMemory } from './tables/connections';

/** Returns the progress that an earlier attempt with this idempotency key recorded, or null. */
export async function readCallProgress(db: Executor, idempotencyKey: string): Promise<unknown> {
  const rows = await db
    .select({ value: callProgress.value })
    .from(callProgress)
    .where(eq(callProgress.idempotencyKey, idempotencyKey));
  return rows[0]?.value ?? null;
}

/** Records the progress of a call. The write is committed before the call continues. */
export async function writeCallProgress(db: Executor, idempotencyKey: string, value: unknown): Promise<void> {
  const set = { value, updatedAt: sql`clock_timestamp()` };
  await db
    .insert(callProgress)
    .values({ idempotencyKey, ...set } as never)
    .onConflictDoUpdate({ target: callProgress.idempotencyKey, set });
}

/** Returns the value that was stored for a connection under `key`, or null. */
export async function recallValue(db: Executor, connectionId: string, key: string): Promise<unknown> {
  const rows = await db
    .select({ value: connectionMemory.value })
    .from(connectionMemory)
    .where(and(eq(connectionMemory.connectionId, connectionId), eq(connectionMemory.key, storedKey(key))));
  return rows[0]?.value ?? null;
}

/**
 * Stores a value for a connection under `key`, replacing any earlier value. Does nothing if the connection has been
 * deleted.
 */
export async function rememberValue(db: Executor, connectionId: string, key: string, value: unknown): Promise<void> {
  await db.execute(sql`
    insert into connection_memory (connection_id, key, value, updated_at)
    select id, ${storedKey(key)}, ${JSON.stringify(value)}::jsonb, clock_timestamp() from connections where id = ${connectionId}
    on conflict (connection_id, key) do update set value = excluded.value, updated_at = excluded.updated_at`);
}

/**
 * Returns the stored form of a key. Keys may contain user-supplied text; long keys are hashed so that they fit into an
 * index.
 */
function storedKey(key: string): string {
  return key.length <= 500 ? key : `sha256:${sha256(key)}`;
}
