import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { listFailedChanges, retryFailedChange, type FailedChange } from '../../db/failed-changes';
import type { Notifier } from '../../db/notifier';
import type { Clock } from '../../domain/clock';
import { changeFields, typeOf } from '../changes/change-answer';
import { nameOfEntity } from '../changes/entity-name';
import { decodeCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, writeRoute, type Route } from '../http/route';
import { IdParams, isoOrNull, notFound, Timestamp, uuidOrNotFound } from '../http/values';

const TAG = 'Events';

const FailedChangeAnswer = z
  .object({
    ...changeFields,
    occurredAt: Timestamp,
    failedAt: Timestamp.nullable(),
    attempts: z.int(),
    error: z.unknown(),
  })
  .meta({ id: 'FailedChange' });

/** Returns the routes for changes that could not be routed. */
export function changeRoutes({ db, notifier, clock }: { db: Executor; notifier: Notifier; clock: Clock }): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/changes/failed',
      permission: 'automation.read',
      operationId: 'changes.failed',
      tag: TAG,
      summary: 'List changes that were set aside because they could not be routed, newest first',
      query: z.object(PageQuery),
      responses: { 200: { description: 'A page of changes', schema: pageOf(FailedChangeAnswer) } },
      async handler({ query: { limit, cursor } }) {
        const rows = await listFailedChanges(db, { limit: limit + 1, before: decodeCursor(z.int(), cursor) });
        return json(
          200,
          toPage(rows, limit, toAnswer, (row) => row.seq),
        );
      },
    }),
    writeRoute({
      method: 'post',
      path: '/changes/{id}/retry',
      permission: 'automation.manage',
      operationId: 'changes.retry',
      tag: TAG,
      summary: 'Retry the routing of a change that was set aside',
      params: IdParams,
      responses: {
        200: { description: 'The change waits to be routed again', schema: FailedChangeAnswer },
        404: { description: 'No change with this id was set aside' },
      },
      async handler({ params, tx, afterCommit }) {
        const id = uuidOrNotFound(params.id, 'failed change');
        const change = await retryFailedChange(tx, id, clock.now());
        if (change === undefined) throw notFound('failed change', id);
        afterCommit(() => notifier.changes());
        return json(200, toAnswer(change));
      },
    }),
  ];
}

function toAnswer({ seq: _seq, payloadType, state, occurredAt, failedAt, ...rest }: FailedChange) {
  const customType = typeOf(rest.event, payloadType);
  const name = state === null ? null : nameOfEntity(rest.kind, state);
  return { ...rest, name, customType, occurredAt: occurredAt.toISOString(), failedAt: isoOrNull(failedAt) };
}
