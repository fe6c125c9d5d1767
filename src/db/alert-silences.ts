import { and, desc, eq, gt, inArray, lt, sql, type InferSelectModel } from 'drizzle-orm';
import type { Executor } from './executor';
import { alertSilences } from './tables/alerts';

/** A silence: until its end, the alerts that match it start no runs. */
export type SilenceRow = InferSelectModel<typeof alertSilences>;

/** Returns the silences that have not ended. */
export async function activeSilences(db: Executor, now: Date): Promise<SilenceRow[]> {
  return db.select().from(alertSilences).where(gt(alertSilences.endsAt, now));
}

/** Returns silences with ids below `before`, newest first. */
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

/** Adds a silence. It applies to the next delivery of alerts; runs that have started continue. */
export async function insertSilence(tx: Executor, silence: SilenceRow): Promise<void> {
  await tx.insert(alertSilences).values(silence);
}

/** Removes silences. Returns those that were removed. */
export async function deleteSilences(tx: Executor, ids: readonly string[]): Promise<SilenceRow[]> {
  if (ids.length === 0) return [];
  return tx
    .delete(alertSilences)
    .where(inArray(alertSilences.id, [...ids]))
    .returning();
}

/** Returns silences that have not ended: the silence with this id, or all silences of an alert's fingerprint. */
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
 * Locks the silences until the transaction ends. `write` excludes all other holders, and `read` only writers. An alert
 * that is processed during a write of silences therefore waits, and is compared with the new silences.
 */
export async function lockSilences(tx: Executor, mode: 'write' | 'read'): Promise<void> {
  await tx.execute(
    mode === 'write'
      ? sql`select pg_advisory_xact_lock(hashtextextended('alert-silences', 0))`
      : sql`select pg_advisory_xact_lock_shared(hashtextextended('alert-silences', 0))`,
  );
}
