import { sql } from 'drizzle-orm';
import type { Executor } from './executor';

/** Returns whether any currently live worker was already running at an instant. */
export async function workerSince(db: Executor, at: Date): Promise<boolean> {
  const found = await db.execute(sql`
    select 1 from workers where started_at <= ${at.toISOString()} and expires_at >= clock_timestamp() limit 1`);
  return found.rowCount === 1;
}
