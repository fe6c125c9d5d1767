import { and, desc, eq, getTableColumns, lt } from 'drizzle-orm';
import type { Executor } from './executor';
import { automations, evaluations } from './tables/automations';

/**
 * Maximum length of a context key that is stored with a reason, in UTF-16 code units. The length is limited because the
 * key is indexed.
 */
const MAX_KEY_LENGTH = 500;

/**
 * Returns a context key in the form that `evaluations` stores: well-formed Unicode without NUL, at most 500 UTF-16 code
 * units.
 */
export const keptContextKey = (key: string): string =>
  key.replaceAll('\u0000', '').slice(0, MAX_KEY_LENGTH).toWellFormed();

/** Filter for reasons. */
export interface EvaluationFilter {
  automationId?: string | undefined;
  /** Only reasons with this context key. */
  about?: string | undefined;
}

/** A reason and its automation. */
export type ListedEvaluation = typeof evaluations.$inferSelect & {
  automationName: string;
  automationDeletedAt: Date | null;
};

/**
 * Returns the reasons why candidates did not become runs, from newest to oldest, starting below the row `before`.
 * Reasons of a deleted automation are returned until retention removes the automation.
 */
export async function listEvaluations(
  db: Executor,
  { automationId, about }: EvaluationFilter,
  page: { limit: number; before: number | undefined },
): Promise<ListedEvaluation[]> {
  return db
    .select({
      ...getTableColumns(evaluations),
      automationName: automations.name,
      automationDeletedAt: automations.deletedAt,
    })
    .from(evaluations)
    .innerJoin(automations, eq(automations.id, evaluations.automationId))
    .where(
      and(
        automationId === undefined ? undefined : eq(evaluations.automationId, automationId),
        about === undefined ? undefined : eq(evaluations.contextKey, keptContextKey(about)),
        page.before === undefined ? undefined : lt(evaluations.id, page.before),
      ),
    )
    .orderBy(desc(evaluations.id))
    .limit(page.limit);
}

/** Returns whether an automation is stored. A deleted automation remains stored until retention removes it. */
export async function isStoredAutomation(db: Executor, id: string): Promise<boolean> {
  const found = await db.select({ id: automations.id }).from(automations).where(eq(automations.id, id));
  return found.length > 0;
}
