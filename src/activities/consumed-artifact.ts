import { sql } from 'drizzle-orm';
import type { Executor } from '../db/executor';
import type { StoredArtifact } from '../db/runs/step-states';
import type { RunSource } from '../db/runs/run-source';

/**
 * Returns the artifact that an action works on when its config names no id. This is the newest artifact of this type
 * that the run has created. If the run has created none, it is the newest open artifact of this type from the runs of
 * the same automation with the same context key. Returns null when neither exists.
 */
export async function consumedArtifact(
  db: Executor,
  type: string,
  ownArtifacts: readonly StoredArtifact[],
  { automationId, facts }: RunSource,
): Promise<Pick<StoredArtifact, 'id' | 'data'> | null> {
  const own = ownArtifacts.findLast((artifact) => artifact.type === type);
  if (own) return own;
  const result = await db.execute<{ id: string; data: Record<string, unknown> }>(sql`
    select id, data from artifacts
    where automation_id = ${automationId} and type = ${type} and context_key is not distinct from ${facts.contextKey}
      and closed_at is null
    order by id desc limit 1`);
  return result.rows[0] ?? null;
}
