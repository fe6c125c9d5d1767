import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { acknowledgeMigrationFailure, listMigrationFailures, type MigrationFailure } from '../../db/migration-failures';
import type { Clock } from '../../domain/clock';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { ProblemFinding } from '../http/problem';
import { json, readRoute, writeRoute, type Route } from '../http/route';
import { FlagQuery, IdParams, isoOrNull, notFound, Timestamp, uuidOrNotFound } from '../http/values';

const TAG = 'Automations';

const Answer = z
  .object({
    id: z.uuid(),
    automationId: z.uuid(),
    automationName: z.string(),
    version: z.int(),
    message: z.string(),
    errors: z.array(ProblemFinding),
    failedAt: Timestamp,
    acknowledgedAt: Timestamp.nullable(),
  })
  .meta({ id: 'MigrationFailure' });

/** Returns the routes for stored definitions that a release could not upgrade. */
export function migrationFailureRoutes({ db, clock }: { db: Executor; clock: Clock }): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/migration-failures',
      permission: 'automation.read',
      operationId: 'migrationFailures.list',
      tag: TAG,
      summary: 'List automations that could not be upgraded and were disabled, newest first',
      query: z.object({
        ...PageQuery,
        acknowledged: FlagQuery.optional().describe('Include acknowledged failures'),
      }),
      responses: { 200: { description: 'A page of failures', schema: pageOf(Answer) } },
      async handler({ query: { limit, cursor, acknowledged = false } }) {
        const page = { limit: limit + 1, before: decodeCursor(IdCursor, cursor), acknowledged };
        return json(
          200,
          toPage(await listMigrationFailures(db, page), limit, toAnswer, (row) => row.id),
        );
      },
    }),
    writeRoute({
      method: 'post',
      path: '/migration-failures/{id}/acknowledge',
      permission: 'automation.manage',
      operationId: 'migrationFailures.acknowledge',
      tag: TAG,
      summary: 'Acknowledge a failure, so that it is no longer listed',
      params: IdParams,
      responses: { 204: { description: 'Acknowledged' }, 404: { description: 'Failure not found' } },
      async handler({ params, tx }) {
        const id = uuidOrNotFound(params.id, 'migration failure');
        if (!(await acknowledgeMigrationFailure(tx, id, clock.now()))) throw notFound('migration failure', id);
        return { status: 204 };
      },
    }),
  ];
}

const toAnswer = ({ failedAt, acknowledgedAt, ...rest }: MigrationFailure) => ({
  ...rest,
  failedAt: failedAt.toISOString(),
  acknowledgedAt: isoOrNull(acknowledgedAt),
});
