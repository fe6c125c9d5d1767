import { z } from 'zod';
import { listArmedDwells, type ArmedDwell } from '../../db/dwells';
import type { Executor } from '../../db/executor';
import { ContextName, contextNames } from '../changes/context-name';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, type Route } from '../http/route';
import { Timestamp } from '../http/values';

const DwellAnswer = z
  .object({
    automationId: z.uuid(),
    automationName: z.string(),
    triggerId: z.string(),
    contextKey: z.string().nullable(),
    contextName: ContextName,
    armedAt: Timestamp,
    firesAt: Timestamp,
    changeId: z.uuid(),
  })
  .meta({ id: 'Dwell' });

/** Returns the routes for armed dwells. */
export function dwellRoutes({ db }: { db: Executor }): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/dwells',
      permission: 'automation.read',
      operationId: 'dwells.list',
      tag: 'Runs',
      summary: 'List armed dwells (`for`) with their start and deadline, newest first',
      query: z.object({ ...PageQuery, automationId: z.uuid().optional() }),
      responses: { 200: { description: 'A page of dwells', schema: pageOf(DwellAnswer) } },
      async handler({ query: { limit, cursor, automationId } }) {
        const before = decodeCursor(IdCursor, cursor);
        const rows = await listArmedDwells(db, { limit: limit + 1, before, automationId });
        const nameOf = await contextNames(db, rows);
        const page = toPage(
          rows,
          limit,
          (row) => ({ ...toAnswer(row), contextName: nameOf(row.contextKey) }),
          (row) => row.id,
        );
        return json(200, page);
      },
    }),
  ];
}

function toAnswer({ automationId, automationName, triggerId, contextKey, armedAt, firesAt, changeId }: ArmedDwell) {
  return {
    automationId,
    automationName,
    triggerId,
    contextKey,
    armedAt: armedAt.toISOString(),
    firesAt: firesAt.toISOString(),
    changeId,
  };
}
