import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { listRefusals, type RefusedDelivery } from '../../db/refused-deliveries';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, type Route } from '../http/route';
import { Timestamp } from '../http/values';

const RefusedAnswer = z
  .object({
    id: z.uuid(),
    route: z.string(),
    sender: z.string().describe('Name of the token or hook'),
    code: z.string(),
    message: z.string(),
    index: z.int().nullable().describe('Index of the element in the message; null for the whole message'),
    at: Timestamp,
  })
  .meta({ id: 'RefusedDelivery' });

/** Returns the routes for refused messages. */
export function refusedDeliveryRoutes({ db }: { db: Executor }): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/deliveries/refused',
      permission: 'automation.read',
      operationId: 'deliveries.refused',
      tag: 'Inbound',
      summary: 'List the last refused messages of each sender, newest first',
      query: z.object({ ...PageQuery, route: z.string().optional(), sender: z.string().optional() }),
      responses: { 200: { description: 'A page of refusals', schema: pageOf(RefusedAnswer) } },
      async handler({ query: { limit, cursor, route, sender } }) {
        const page = { limit: limit + 1, before: decodeCursor(IdCursor, cursor), route, sender };
        const rows = await listRefusals(db, page);
        return json(
          200,
          toPage(rows, limit, toAnswer, ({ id }) => id),
        );
      },
    }),
  ];
}

const toAnswer = ({ at, ...rest }: RefusedDelivery) => ({ ...rest, at: at.toISOString() });
