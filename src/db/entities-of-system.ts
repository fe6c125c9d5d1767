import { sql } from 'drizzle-orm';
import type { Executor } from './executor';

/** Maximum numbers of alerts, of incidents and of maintenances of a system that are read, newest first. */
const MAX_OF_EACH_KIND = 100;

/**
 * Returns the ids of the entities whose changes concern a system: the system itself, and its newest alerts, incidents
 * and maintenances.
 */
export async function entitiesOfSystem(db: Executor, systemId: string): Promise<string[]> {
  const found = await db.execute<{ id: string }>(sql`
    select ${systemId}::text as id
    union (select fingerprint from alerts where system_id = ${systemId} order by starts_at desc limit ${MAX_OF_EACH_KIND})
    union (select id::text from incidents where system_ids @> array[${systemId}::text] order by id desc limit ${MAX_OF_EACH_KIND})
    union (select id::text from maintenances where system_ids @> array[${systemId}::text] order by id desc limit ${MAX_OF_EACH_KIND})`);
  return found.rows.map((row) => row.id);
}
