import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { listDelays, type Delay } from '../../db/runs/delays';
import { ContextName, contextNames, type NameOfKey } from '../changes/context-name';
import { decodeCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, type Route } from '../http/route';
import { Timestamp } from '../http/values';

const DelayAnswer = z
  .object({
    automationId: z.uuid(),
    automationName: z.string(),
    runId: z.uuid(),
    path: z.string(),
    contextKey: z.string().nullable().describe('Context key of the run'),
    contextName: ContextName,
    since: Timestamp,
    until: Timestamp.describe('When the run continues after the delay'),
  })
  .meta({ id: 'Delay' });

/** The run and the path of the last delay of a page. */
const Position = z.tuple([z.uuid(), z.string()]);

/** Returns the routes for delays of runs. */
export function delayRoutes({ db }: { db: Executor }): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/delays',
      permission: 'automation.read',
      operationId: 'delays.list',
      tag: 'Runs',
      summary: 'List delays of runs with their ends, newest run first',
      query: z.object({ ...PageQuery, runId: z.uuid().optional(), automationId: z.uuid().optional() }),
      responses: { 200: { description: 'A page of delays', schema: pageOf(DelayAnswer) } },
      async handler({ query: { limit, cursor, ...filter } }) {
        const rows = await listDelays(db, { ...filter, limit: limit + 1, after: decodeCursor(Position, cursor) });
        const nameOf = await contextNames(db, rows);
        return json(
          200,
          toPage(rows, limit, toAnswer(nameOf), ({ runId, path }) => [runId, path]),
        );
      },
    }),
  ];
}

const toAnswer =
  (nameOf: NameOfKey) =>
  ({ since, until, ...delay }: Delay) => ({
    ...delay,
    contextName: nameOf(delay.contextKey),
    since: since.toISOString(),
    until: until.toISOString(),
  });
