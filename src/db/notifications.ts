import { desc, lt, type InferSelectModel } from 'drizzle-orm';
import type { Executor } from './executor';
import { notifications } from './tables/connections';

/** A notification and the result of sending it. */
export type NotificationRow = InferSelectModel<typeof notifications>;

/**
 * Records a notification in the transaction that ends its step, so that an attempt that is repeated after a crash does
 * not record it twice.
 */
export async function insertNotification(tx: Executor, row: NotificationRow): Promise<void> {
  await tx.insert(notifications).values(row).onConflictDoNothing();
}

/** Returns notifications from newest to oldest. `before` is the id of the last notification on the previous page. */
export async function listNotifications(
  db: Executor,
  page: { limit: number; before: string | undefined },
): Promise<NotificationRow[]> {
  const where = page.before === undefined ? undefined : lt(notifications.id, page.before);
  return db.select().from(notifications).where(where).orderBy(desc(notifications.id)).limit(page.limit);
}
