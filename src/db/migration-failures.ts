import { and, desc, eq, isNull, lt, sql, type InferSelectModel } from 'drizzle-orm';
import type { Finding } from '../domain/errors';
import type { Executor } from './executor';
import { automations, migrationFailures } from './tables/automations';

/** A stored definition that could not be upgraded. */
export type MigrationFailure = InferSelectModel<typeof migrationFailures> & { automationName: string };

/** Records a failure once per version. An acknowledged failure stays acknowledged. */
export async function noteMigrationFailure(
  tx: Executor,
  failure: { id: string; automationId: string; version: number; message: string; errors: Finding[]; failedAt: Date },
): Promise<void> {
  const { message, errors } = failure;
  await tx
    .insert(migrationFailures)
    .values(failure)
    .onConflictDoUpdate({
      target: [migrationFailures.automationId, migrationFailures.version],
      set: { message, errors },
    });
}

/** Removes the failures of an automation whose definition is valid again. */
export async function forgetMigrationFailure(tx: Executor, automationId: string): Promise<void> {
  await tx.delete(migrationFailures).where(eq(migrationFailures.automationId, automationId));
}

/**
 * Returns failures with ids below `before`, from newest to oldest. Acknowledged failures are included only if
 * `acknowledged` is true.
 */
export async function listMigrationFailures(
  db: Executor,
  page: { limit: number; before: string | undefined; acknowledged: boolean },
): Promise<MigrationFailure[]> {
  const rows = await db
    .select({ failure: migrationFailures, automationName: automations.name })
    .from(migrationFailures)
    .innerJoin(automations, eq(automations.id, migrationFailures.automationId))
    .where(
      and(
        page.before === undefined ? undefined : lt(migrationFailures.id, page.before),
        page.acknowledged ? undefined : isNull(migrationFailures.acknowledgedAt),
      ),
    )
    .orderBy(desc(migrationFailures.id))
    .limit(page.limit);
  return rows.map(({ failure, automationName }) => ({ ...failure, automationName }));
}

/** Acknowledges a failure. Returns false when it does not exist. */
export async function acknowledgeMigrationFailure(tx: Executor, id: string, now: Date): Promise<boolean> {
  const at = sql`coalesce(${migrationFailures.acknowledgedAt}, ${now.toISOString()}::timestamptz)`;
  const done = await tx.update(migrationFailures).set({ acknowledgedAt: at }).where(eq(migrationFailures.id, id));
  return done.rowCount === 1;
}
