import { sql } from 'drizzle-orm';
import type { Executor } from '../db/executor';
import { isEntityOpen } from '../db/runs/open-artifacts';
import type { StoredArtifact } from '../db/runs/step-states';
import type { RunSource } from '../db/runs/run-source';
import type { Registry } from '../domain/registry/registry';

/**
 * Returns the artifact that an action works on when its config names no id. This is the newest artifact of this type
 * that the run has created. If the run has created none, it is the newest open artifact of this type from the runs of
 * the same automation with the same context key whose entity has not ended. Returns null when neither exists.
 */
export async function consumedArtifact(
  db: Executor,
  registry: Registry,
  type: string,
  ownArtifacts: readonly StoredArtifact[],
  { automationId, facts }: RunSource,
): Promise<Pick<StoredArtifact, 'id' | 'data'> | null> {
  const own = ownArtifacts.findLast((artifact) => artifact.type === type);
  if (own) return own;
  const entity = registry.artifactTypes().get(type)?.entity;
  const { contextKey } = facts;
  const result = await db.execute<{ id: string; data: Record<string, unknown> }>(sql`
    select a.id, a.data from artifacts a
    where a.automation_id = ${automationId} and a.type = ${type} and a.closed_at is null
      and ${contextKey === null ? sql`a.context_key is null` : sql`a.context_key = ${contextKey}`}
      and ${entity === undefined ? sql`true` : isEntityOpen(entity)}
    order by a.id desc limit 1`);
  return result.rows[0] ?? null;
}
