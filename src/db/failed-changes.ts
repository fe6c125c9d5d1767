import { and, desc, eq, isNotNull, sql } from 'drizzle-orm';
import type { Executor } from './executor';
import { changes } from './tables/change-log';

/** A change that could not be routed and was set aside. */
export type FailedChange = Awaited<ReturnType<typeof listFailedChanges>>[number];

const columns = {
  changeId: changes.changeId,
  seq: changes.seq,
  kind: changes.kind,
  id: changes.entityId,
  event: changes.event,
  payloadType: sql<unknown>`${changes.payload} -> 'type'`,
  /** The state of the entity; null for an event. */
  state: sql<Record<string, unknown> | null>`coalesce(${changes.next}, ${changes.prev})`,
  occurredAt: changes.occurredAt,
  failedAt: changes.failedAt,
  attempts: changes.attempts,
  error: changes.error,
};

/**
 * SQL condition: the change was set aside. Such a change is also marked as routed, so that the dispatcher does not read
 * it again.
 */
const isDead = isNotNull(changes.failedAt);

/** Returns changes that were set aside, with positions below `before`, from newest to oldest. */
export async function listFailedChanges(db: Executor, page: { limit: number; before: number | undefined }) {
  return db
    .select(columns)
    .from(changes)
    .where(and(isDead, page.before === undefined ? undefined : sql`${changes.seq} < ${page.before}`))
    .orderBy(desc(changes.seq))
    .limit(page.limit);
}

/**
 * Puts a change that was set aside back into the queue. The change's `error` stores the time of the retry, which makes
 * the dispatcher check whether a state trigger still holds. Returns undefined when no change with this id was set
 * aside.
 */
export async function retryFailedChange(tx: Executor, changeId: string, at: Date): Promise<FailedChange | undefined> {
  const rows = await tx
    .update(changes)
    .set({
      ...{ failedAt: null, routedAt: null, attempts: 0, nextAttemptAt: null },
      error: sql`coalesce(${changes.error}, '{}') || ${JSON.stringify({ retriedAt: at.toISOString() })}::jsonb`,
    })
    .where(and(eq(changes.changeId, changeId), isDead))
    .returning(columns);
  return rows[0];
}
