import { and, desc, eq, lt } from 'drizzle-orm';
import type { Executor } from './executor';
import { evaluations } from './tables/automations';

/** Why candidates of an automation did not become runs, newest first, below the row `before`. */
export async function listEvaluations(
  db: Executor,
  automationId: string,
  page: { limit: number; before: number | undefined },
): Promise<(typeof evaluations.$inferSelect)[]> {
  const older = page.before === undefined ? undefined : lt(evaluations.id, page.before);
  return db
    .select()
    .from(evaluations)
    .where(and(eq(evaluations.automationId, automationId), older))
    .orderBy(desc(evaluations.id))
    .limit(page.limit);
}
