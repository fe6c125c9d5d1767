import { and, desc, eq, gte, lte, sql } from 'drizzle-orm';
import type { Actor } from '../domain/entities/change';
import type { Executor } from './executor';
import { auditLog } from './tables/access';

/** A mutation, or an attempted mutation that was refused or failed. */
export interface AuditEntry {
  at: Date;
  actor: Actor;
  /** Operation id, e.g. `automations.create`. */
  action: string;
  /** Path of the resource. */
  target: string | null;
  /** `success`, or why it failed: `refused` (4xx), `failed` (5xx). */
  outcome: 'success' | 'refused' | 'failed';
  remoteAddress: string | null;
  detail: { [member: string]: unknown; status: number; code?: string; requestId: string };
}

/**
 * Appends an entry to the audit log. Triggers on the table reject updates and deletes; only the table owner can drop
 * whole months.
 */
export async function appendAudit(tx: Executor, entry: AuditEntry): Promise<void> {
  await tx.insert(auditLog).values(entry);
}

/** Creates any missing partitions for this month and the next two. */
export async function ensureAuditMonths(db: Executor): Promise<void> {
  // A database that was migrated back to an older version does not have this function.
  const found = await db.execute<{ exists: boolean }>(
    sql`select to_regprocedure('audit_log_ensure_months(integer)') is not null as exists`,
  );
  if (found.rows[0]?.exists === true) await db.execute(sql`select audit_log_ensure_months(2)`);
}

/** Filter for the audit log. An entry must meet all given conditions; `from` and `to` are inclusive. */
export interface AuditFilter {
  actorId?: string | undefined;
  action?: string | undefined;
  outcome?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
}

/**
 * Returns up to `limit` entries that are older than the entry `before`, from newest to oldest. Each filter has an index
 * that is ordered by time, so the cost does not depend on the number of other entries. Returns an empty list when the
 * log no longer contains the entry `before`.
 */
export async function listAudit(
  db: Executor,
  filter: AuditFilter,
  { limit, before }: { limit: number; before: number | undefined },
): Promise<(typeof auditLog.$inferSelect)[]> {
  const last = before === undefined ? undefined : await timeOf(db, before);
  if (last === null) return [];
  // The first condition is implied by the second, but it lets Postgres skip the partitions of later months.
  const older =
    last === undefined
      ? undefined
      : sql`${auditLog.at} <= ${last}::timestamptz and (${auditLog.at}, ${auditLog.id}) < (${last}::timestamptz, ${before})`;
  return db
    .select()
    .from(auditLog)
    .where(
      and(
        filter.actorId === undefined ? undefined : sql`${auditLog.actor}->>'id' = ${filter.actorId}`,
        filter.action === undefined ? undefined : eq(auditLog.action, filter.action),
        filter.outcome === undefined ? undefined : eq(auditLog.outcome, filter.outcome),
        filter.from === undefined ? undefined : gte(auditLog.at, filter.from),
        filter.to === undefined ? undefined : lte(auditLog.at, filter.to),
        older,
      ),
    )
    .orderBy(desc(auditLog.at), desc(auditLog.id))
    .limit(limit);
}

/** Returns the time of an entry with full precision, or null when the log does not contain the entry. */
async function timeOf(db: Executor, id: number): Promise<string | null> {
  const found = await db.execute<{ at: string }>(sql`select at::text from audit_log where id = ${id}`);
  return found.rows[0]?.at ?? null;
}
