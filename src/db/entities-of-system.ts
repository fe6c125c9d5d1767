import { sql, type SQL } from 'drizzle-orm';
import type { Executor } from './executor';

/** Maximum number of alerts, of incidents and of maintenances that are read for a system. The newest are read. */
const MAX_OF_EACH_KIND = 100;

/**
 * Returns the ids of the entities whose changes concern a system: the system itself, and its newest alerts, incidents
 * and maintenances. If `entity` is given, returns only this id, or nothing if the entity does not concern the system.
 */
export async function entitiesOfSystem(db: Executor, systemId: string, entity?: string): Promise<string[]> {
  const wanted = (id: SQL) => (entity === undefined ? sql`true` : sql`${id} = ${entity}`);
  const ofSystem = sql`system_ids @> array[${systemId}::text]`;
  const found = await db.execute<{ id: string }>(sql`
    select s.id from (select ${systemId}::text as id) as s where ${wanted(sql`s.id`)}
    union (select fingerprint from alerts where system_id = ${systemId} and ${wanted(sql`fingerprint`)}
      order by starts_at desc limit ${MAX_OF_EACH_KIND})
    union (select id::text from incidents where ${ofSystem} and ${wanted(sql`id::text`)}
      order by id desc limit ${MAX_OF_EACH_KIND})
    union (select id::text from maintenances where ${ofSystem} and ${wanted(sql`id::text`)}
      order by id desc limit ${MAX_OF_EACH_KIND})`);
  return found.rows.map((row) => row.id);
}
