import { sql } from 'drizzle-orm';
import type { Executor } from './executor';

/** The reason why notifications about a system are not sent. */
export interface Suppression {
  by: 'incident' | 'maintenance';
  id: string;
}

/**
 * Returns what suppresses notifications about systems: the oldest open incident, otherwise a running maintenance. Each
 * candidate is a list of system ids; the first candidate with at least one existing system is used. Returns null when
 * nothing suppresses notifications, or when no candidate has an existing system.
 */
export async function findSuppression(
  db: Executor,
  candidates: readonly (readonly string[])[],
  now: Date,
): Promise<Suppression | null> {
  const at = sql`${now.toISOString()}::timestamptz`;
  for (const ids of candidates) {
    if (ids.length === 0) continue;
    const { rows } = await db.execute<Partial<Suppression>>(sql`
      with known as materialized (select array_agg(id) as ids from systems where id = any(${sql.param([...ids])}::text[]))
      select found.by, found.id from known left join lateral (
        select 'incident' as by, id::text, 1 as rank, created_at as at from incidents
        where suppress_notifications and status <> 'resolved' and system_ids && known.ids
        union all
        select 'maintenance', id::text, 2, start_at from maintenances
        where suppress_notifications and status in ('scheduled', 'in_progress') and start_at <= ${at} and end_at > ${at}
          and system_ids && known.ids
        order by rank, at, id limit 1) as found on true
      where known.ids is not null`);
    const [row] = rows;
    if (row !== undefined) return row.by && row.id ? { by: row.by, id: row.id } : null;
  }
  return null;
}
