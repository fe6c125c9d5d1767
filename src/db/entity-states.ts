import { sql } from 'drizzle-orm';
import type { Executor } from './executor';

/** The state of an entity that a context key identifies. */
interface KeyedState {
  kind: string;
  id: string;
  state: Record<string, unknown>;
}

/**
 * Returns the stored alerts, incidents and maintenances whose ids are among the keys, in no particular order. Reads them
 * through the primary key.
 */
export async function statesOfKeys(db: Executor, keys: readonly string[]): Promise<KeyedState[]> {
  if (keys.length === 0) return [];
  const found = await db.execute<{ kind: string; id: string; state: Record<string, unknown> }>(sql`
    select kind, id, state from entities
    where kind in ('alert', 'incident', 'maintenance') and id = any(${sql.param([...new Set(keys)])}::text[])
      and state is not null`);
  return found.rows;
}
