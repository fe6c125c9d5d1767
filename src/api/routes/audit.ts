import { z } from 'zod';
import { listAudit } from '../../db/audit';
import type { Executor } from '../../db/executor';
import { decodeCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, type Route } from '../http/route';
import { InstantQuery, Timestamp } from '../http/values';

const AuditAnswer = z
  .object({
    id: z.int(),
    at: Timestamp,
    actor: z.object({ type: z.string(), id: z.string(), name: z.string().optional() }),
    action: z.string().describe('Operation, e.g. `automations.create`'),
    target: z.string().nullable().describe('Path of the request'),
    outcome: z.enum(['success', 'refused', 'failed']),
    remoteAddress: z.string().nullable(),
    detail: z.unknown(),
  })
  .meta({ id: 'AuditEntry' });

const Query = z.object({
  ...PageQuery,
  actorId: z.string().optional(),
  action: z.string().optional(),
  outcome: z.enum(['success', 'refused', 'failed']).optional(),
  from: InstantQuery.optional(),
  to: InstantQuery.optional(),
});

/** Returns the routes for the audit log. */
export function auditRoutes({ db }: { db: Executor }): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/audit',
      permission: 'admin',
      operationId: 'audit.list',
      tag: 'Access',
      summary: 'List changes and refused attempts, newest first',
      query: Query,
      responses: { 200: { description: 'A page of the log', schema: pageOf(AuditAnswer) } },
      async handler({ query: { limit, cursor, ...filter } }) {
        const before = decodeCursor(z.int(), cursor);
        const rows = await listAudit(db, filter, { limit: limit + 1, before });
        return json(
          200,
          toPage(
            rows,
            limit,
            (row) => ({ ...row, at: row.at.toISOString() }),
            (row) => row.id,
          ),
        );
      },
    }),
  ];
}
