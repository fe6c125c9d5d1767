import { sql, type SQL } from 'drizzle-orm';
import type { Executor } from '../executor';

/** Selects the newest artifact of each action and name: loops make thousands that later steps cannot refer to. */
export const newestArtifacts = (runId: SQL): SQL => sql`
  select distinct on (action_id, type, name) id, action_id, path, type, name, data from artifacts where run_id = ${runId}
  order by action_id, type, name, id desc`;

/** Artifacts that a run has made so far, as its steps see them. */
export async function artifactsOf(
  db: Executor,
  runId: string,
): Promise<{ actionId: string | null; name: string; data: Record<string, unknown> }[]> {
  const found = await db.execute<{ action_id: string | null; name: string; data: Record<string, unknown> }>(
    sql`select action_id, name, data from (${newestArtifacts(sql`${runId}`)}) as a order by id`,
  );
  return found.rows.map((row) => ({ actionId: row.action_id, name: row.name, data: row.data }));
}
