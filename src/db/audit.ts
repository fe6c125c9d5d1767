import { and, desc, eq, gte, lt, lte, sql } from 'drizzle-orm';
import type { Actor } from '../domain/entities/change';
import type { Executor } from './executor';
import { auditLog } from './tables/access';

/** A mutation, or a refused attempt at one. */
export interface AuditEntry {
  at: Date;
  actor: Actor;
  /** Operation, e.g. `automations.create`. */
  action: string;
  /** Path of the resource. */
  target: string | null;
  /** `success`, or why not: `refused` (4xx), `failed` (5xx). */
  outcome: 'success' | 'refused' | 'failed';
  remoteAddress: string | null;
  detail: { [member: string]: unknown; status: number; code?: string; requestId: string };
}

/** Appends to the audit log. Triggers refuse updates and deletes; only the owner of the database can drop whole months. */
export async function appendAudit(tx: Executor, entry: AuditEntry): Promise<void> {
  await tx.insert(auditLog).values(entry);
}

/** Creates the partitions of this month and the next two, where they are missing. */
export async function ensureAuditMonths(db: Executor): Promise<void> {
  // A database that is migrated to an older version has no such function.
  const found = await db.execute<{ exists: boolean }>(
    sql`select to_regprocedure('audit_log_ensure_months(integer)') is not null as exists`,
  );
  if (found.rows[0]?.exists === true) await db.execute(sql`select audit_log_ensure_months(2)`);
}

/** Filter of the audit log. */
export interface AuditFilter {
  actorId?: string | undefined;
  action?: string | undefined;
  outcome?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
}

/** Entries newest first, up to `limit`, below the id `before`. */
export async function listAudit(
  db: Executor,
  filter: AuditFilter,
  page: { limit: number; before: number | undefined },
): Promise<(typeof auditLog.$inferSelect)[]> {
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
        page.before === undefined ? undefined : lt(auditLog.id, page.before),
      ),
    )
    .orderBy(desc(auditLog.id))
    .limit(page.limit);
}
