import { z } from 'zod';
import { decodeCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, type Route } from '../http/route';
import { Timestamp } from '../http/values';
import { resolveKind, type EntitiesDeps } from './entities';

const TransitionAnswer = z
  .object({ field: z.string(), from: z.unknown(), to: z.unknown(), at: Timestamp, changeId: z.uuid() })
  .meta({ id: 'Transition' });

/** Returns the route that lists the transitions of an entity. */
export function entityHistoryRoutes({ db, entities }: Pick<EntitiesDeps, 'db' | 'entities'>): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/entities/{kind}/{id}/transitions',
      permission: 'automation.read',
      operationId: 'entities.transitions',
      tag: 'Entities',
      summary: 'List field changes of an entity, newest first, even if the entity has been removed',
      params: z.object({ kind: z.string().min(1).max(100), id: z.string().min(1).max(512) }),
      query: z.object({ ...PageQuery, field: z.string().max(200).optional() }),
      responses: {
        200: { description: 'A page of transitions', schema: pageOf(TransitionAnswer) },
        404: { description: 'Kind not found' },
      },
      async handler({ params, query: { limit, cursor, field } }) {
        await resolveKind(db, entities, params.kind);
        const before = decodeCursor(z.int(), cursor);
        const rows = await entities.transitions(db, {
          ...params,
          limit: limit + 1,
          ...(field === undefined ? {} : { field }),
          ...(before === undefined ? {} : { before }),
        });
        return json(
          200,
          toPage(
            rows,
            limit,
            ({ position: _position, at, ...rest }) => ({ ...rest, at: at.toISOString() }),
            (row) => row.position,
          ),
        );
      },
    }),
  ];
}
