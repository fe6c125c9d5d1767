import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { ACTIVE } from '../../db/runs/bucket';
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

/** The run and the path of a step. */
const Position = z.tuple([z.uuid(), z.string()]);

interface DelayFilter {
  runId?: string | undefined;
  automationId?: string | undefined;
  limit: number;
  after: z.infer<typeof Position> | undefined;
}

type Row = Awaited<ReturnType<typeof listDelays>>[number];

/** Returns steps of open runs that are in a delay, from the newest run to the oldest, in each run by path. */
async function listDelays(db: Executor, { runId, automationId, limit, after }: DelayFilter) {
  const [lastRun, lastPath] = after ?? [];
  // The open runs have an index and are far fewer than all runs, so they are selected first.
  const found = await db.execute<{
    automation_id: string;
    automation_name: string;
    run_id: string;
    path: string;
    context_key: string | null;
    since: string;
    until: string;
  }>(sql`
    select r.automation_id, a.name as automation_name, r.id as run_id, s.path, r.context_key,
      s.started_at as since, s.result ->> 'until' as until
    from (select id, automation_id, context_key from runs
      where status in ${ACTIVE}
        ${runId === undefined ? sql`` : sql`and id = ${runId}::uuid`}
        ${automationId === undefined ? sql`` : sql`and automation_id = ${automationId}::uuid`}
        ${lastRun === undefined ? sql`` : sql`and id <= ${lastRun}::uuid`}
      offset 0) as r
    join automations a on a.id = r.automation_id join run_steps s on s.run_id = r.id
    where s.kind = 'delay' and s.status = 'waiting' and s.result ->> 'until' is not null
      ${lastRun === undefined ? sql`` : sql`and (r.id < ${lastRun}::uuid or s.path > ${lastPath})`}
    order by r.id desc, s.path limit ${limit}`);
  return found.rows.map((row) => ({
    automationId: row.automation_id,
    automationName: row.automation_name,
    runId: row.run_id,
    path: row.path,
    contextKey: row.context_key,
    since: new Date(row.since),
    until: new Date(row.until),
  }));
}

const toAnswer =
  (nameOf: NameOfKey) =>
  ({ since, until, ...delay }: Row) => ({
    ...delay,
    contextName: nameOf(delay.contextKey),
    since: since.toISOString(),
    until: until.toISOString(),
  });
