import { sql } from 'drizzle-orm';
import type { Executor } from './executor';

/** The state of the entity that a context key identifies. */
interface KeyedState {
  kind: string;
  id: string;
  state: Record<string, unknown>;
}

/**
 * Returns the stored systems, alerts, incidents and maintenances whose ids are among the keys. Systems come first;
 * their states contain only the name. All of them are read through primary keys.
 */
export async function statesOfKeys(db: Executor, keys: readonly string[]): Promise<KeyedState[]> {
  if (keys.length === 0) return [];
  const ids = sql`any(${sql.param([...new Set(keys)])}::text[])`;
  const found = await db.execute<{ kind: string; id: string; state: Record<string, unknown> }>(sql`
    select kind, id, state from (
      select kind, id, state from entities
      where kind in ('alert', 'incident', 'maintenance') and id = ${ids} and state is not null
      union all select 'system', id, jsonb_build_object('name', name) from systems where id = ${ids}
    ) named order by kind = 'system' desc`);
  return found.rows;
}
