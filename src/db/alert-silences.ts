import { and, desc, eq, gt, inArray, lt, sql, type InferSelectModel } from 'drizzle-orm';
import type { Executor } from './executor';
import { alertSilences } from './tables/alerts';

/** A silence. Alerts that match it start no runs until it ends. */
export type SilenceRow = InferSelectModel<typeof alertSilences>;

/** Returns the silences that have not ended. */
export async function activeSilences(db: Executor, now: Date): Promise<SilenceRow[]> {
  return db.select().from(alertSilences).where(gt(alertSilences.endsAt, now));
}

/** Returns silences with ids below `before`, from newest to oldest. */
export async function listSilences(
  db: Executor,
  page: { limit: number; before: string | undefined; now: Date; isActive: boolean },
): Promise<SilenceRow[]> {
  const s = alertSilences;
  return db
    .select()
    .from(s)
    .where(
      and(
        page.before === undefined ? undefined : lt(s.id, page.before),
        page.isActive ? gt(s.endsAt, page.now) : undefined,
      ),
    )
    .orderBy(desc(s.id))
    .limit(page.limit);
}

/** Adds a silence. It takes effect with the next delivery of alerts. Runs that have already started continue. */
export async function insertSilence(tx: Executor, silence: SilenceRow): Promise<void> {
  await tx.insert(alertSilences).values(silence);
}

/** Removes silences and returns the removed rows. */
export async function deleteSilences(tx: Executor, ids: readonly string[]): Promise<SilenceRow[]> {
  if (ids.length === 0) return [];
  return tx
    .delete(alertSilences)
    .where(inArray(alertSilences.id, [...ids]))
    .returning();
}

/** Returns the active silence with this id, or all active silences for an alert's fingerprint. */
export async function findSilences(
  db: Executor,
  which: { silenceId: string } | { fingerprint: string },
  now: Date,
): Promise<SilenceRow[]> {
  const s = alertSilences;
  const named = 'silenceId' in which ? eq(s.id, which.silenceId) : eq(s.fingerprint, which.fingerprint);
  return db
    .select()
    .from(s)
    .where(and(named, gt(s.endsAt, now)));
}

/**
 * Locks the silences until the transaction ends. A `write` lock excludes all other holders; a `read` lock excludes only
 * writers. An alert that is being processed while silences are written therefore waits, and is then matched against the
 * new silences.
 */
export async function lockSilences(tx: Executor, mode: 'write' | 'read'): Promise<void> {
  await tx.execute(
    mode === 'write'
      ? sql`select pg_advisory_xact_lock(hashtextextended('alert-silences', 0))`
      : sql`select pg_advisory_xact_lock_shared(hashtextextended('alert-silences', 0))`,
  );
}
