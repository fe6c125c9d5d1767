import { sql } from 'drizzle-orm';
import type { Executor } from './executor';

/** An automation whose current version refers to a secret. */
export interface SecretUseRow extends Record<string, unknown> {
  secret: string;
  id: string;
  name: string;
}

/** Returns the automations that refer to secrets, ordered by secret and name. Deleted automations are left out. */
export async function automationsWithSecrets(db: Executor): Promise<SecretUseRow[]> {
  const found = await db.execute<SecretUseRow>(sql`
    select distinct found.match[1] as secret, a.id, a.name
    from automations a
    join automation_versions v on v.automation_id = a.id and v.version = a.version
    cross join lateral regexp_matches(v.definition::text, ${'\\$\\{\\{\\s*secrets\\.([A-Za-z0-9_-]+)\\s*\\}\\}'}, 'g') as found(match)
    where a.deleted_at is null and position('\${{' in v.definition::text) > 0
    order by 1, 3, 2`);
  return found.rows;
}
