import { sql, type SQL } from 'drizzle-orm';
import { hasElapsed } from './elapsed';
import type { Executor } from './executor';

/** Returns the SQL condition that is true when periodic work was last done more than `everySeconds` ago, or never. */
export const periodicDue = (name: string, everySeconds: number): SQL => sql`not exists (
  select 1 from periodic_work where name = ${name}
    and not ${hasElapsed(sql`done_at`, everySeconds)})`;

/** Records that periodic work was done, and the position at which it continues. */
export async function noteDone(db: Executor, name: string, position: unknown = null): Promise<void> {
  await db.execute(sql`
    insert into periodic_work (name, done_at, position)
    values (${name}, clock_timestamp(), ${JSON.stringify(position)}::jsonb)
    on conflict (name) do update set done_at = excluded.done_at, position = excluded.position`);
}

/** Returns the position at which periodic work continues, or undefined when it was never done. */
export async function positionOf(db: Executor, name: string): Promise<unknown> {
  const found = await db.execute<{ position: unknown }>(sql`select position from periodic_work where name = ${name}`);
  return found.rows[0]?.position;
}
