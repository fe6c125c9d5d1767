import { sql } from 'drizzle-orm';
import type { Executor } from './executor';

/**
 * Returns the maintenance of a system that was in progress at an instant, or undefined. If several were in progress,
 * returns the one with the latest end.
 */
export async function maintenanceDuring(
  db: Executor,
  systemId: string,
  at: Date,
): Promise<{ title: string; endAt: Date } | undefined> {
  const found = await db.execute<{ title: string; end_at: string }>(sql`
    select title, end_at from maintenances
    where system_ids @> array[${systemId}::text] and status <> 'cancelled'
      and start_at <= ${at.toISOString()}::timestamptz and end_at > ${at.toISOString()}::timestamptz
    order by end_at desc limit 1`);
  const [row] = found.rows;
  return row && { title: row.title, endAt: new Date(row.end_at) };
}
