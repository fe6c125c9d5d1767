import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { listNotifications, type NotificationRow } from '../../db/notifications';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, type Route } from '../http/route';
import { Timestamp } from '../http/values';

const NotificationAnswer = z
  .object({
    id: z.uuid(),
    runId: z.uuid().nullable(),
    connectionId: z.string(),
    strategy: z.string(),
    recipients: z.array(z.string()),
    title: z.string(),
    importance: z.string(),
    status: z.enum(['delivered', 'failed']),
    durationMs: z.int(),
    errorMessage: z.string().nullable(),
    createdAt: Timestamp,
  })
  .meta({ id: 'Notification' });

/** Returns the route that lists notifications. */
export function notificationRoutes({ db }: { db: Executor }): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/notifications',
      permission: 'automation.read',
      operationId: 'notifications.list',
      tag: 'Notifications',
      summary: 'List deliveries of notification.send, including failed ones, newest first',
      query: z.object(PageQuery),
      responses: { 200: { description: 'A page of notifications', schema: pageOf(NotificationAnswer) } },
      async handler({ query: { limit, cursor } }) {
        const rows = await listNotifications(db, { limit: limit + 1, before: decodeCursor(IdCursor, cursor) });
        return json(
          200,
          toPage(rows, limit, toAnswer, (row) => row.id),
        );
      },
    }),
  ];
}

const toAnswer = (row: NotificationRow) => ({
  ...row,
  status: row.status === 'failed' ? ('failed' as const) : ('delivered' as const),
  createdAt: row.createdAt.toISOString(),
});
