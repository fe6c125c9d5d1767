import { sql } from 'drizzle-orm';
import { actionName } from '../../domain/registry/knowledge';
import type { Executor } from '../executor';
import { knownByWorkers } from '../worker-announcements';

/** Why an open run cannot go on; null = nothing is known to be in its way. */
export async function stuckReason(db: Executor, runId: string): Promise<string | null> {
  const known = await knownByWorkers(db);
  if (known === null) return null;
  const found = await db.execute<{ action: string }>(sql`
    select action from run_steps where run_id = ${runId} and status = 'running' and kind = 'action' order by began_seq`);
  const missing = found.rows.find(({ action }) => !known.has(actionName(action)));
  return missing === undefined ? null : `No worker has action ${missing.action}.`;
}
