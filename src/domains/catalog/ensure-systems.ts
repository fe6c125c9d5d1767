import { sql } from 'drizzle-orm';
import type { DomainWrite } from '../domain-write';
import { insertSystem, lockSystems, type System } from './systems';

/** Maximum length of a system's name, in characters. */
const MAX_NAME_LENGTH = 200;

/**
 * Locks and returns the systems with these ids. Creates the systems in `ids` that do not exist, each named after its
 * id. The systems in `existing` are never created. Waits for a concurrent transaction that creates the same id.
 */
export async function ensureSystems(
  write: DomainWrite,
  ids: readonly string[],
  existing: readonly string[] = [],
): Promise<Map<string, System>> {
  const all = [...ids, ...existing];
  const found = await lockSystems(write.tx, all);
  const missing = [...new Set(ids)].filter((id) => !found.has(id)).sort();
  if (missing.length === 0) return found;
  for (const id of missing) await insertSystem(write, { id, name: id.slice(0, MAX_NAME_LENGTH) });
  return lockSystems(write.tx, all);
}

/**
 * Returns the id of the system for each label value. A value is looked up as an id, then as an exact name (the oldest
 * system with this name). Values that match no system are absent.
 */
export async function matchSystems(write: DomainWrite, labels: readonly string[]): Promise<Map<string, string>> {
  const result = await write.tx.execute<{ label: string; id: string }>(sql`
    select distinct on (label) label, s.id
    from unnest(${sql.param([...new Set(labels)])}::text[]) as label
    join systems s on s.id = label or s.name = label
    order by label, (s.id = label) desc, s.created_at, s.id`);
  return new Map(result.rows.map((row) => [row.label, row.id]));
}
