import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { awaitedEvents, type Wait } from '../../db/runs/wait-row';
import { listWaits, type ListedWait } from '../../db/runs/wait-queries';
import { ContextName, namesOfKeys, type NameOfKey } from '../changes/context-name';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, type Route } from '../http/route';
import { Timestamp } from '../http/values';

const WaitAnswer = z
  .object({
    automationId: z.uuid(),
    automationName: z.string(),
    runId: z.uuid(),
    path: z.string(),
    kind: z.enum(['wait_until', 'wait_for_trigger']),
    refs: z.array(z.string()).describe('Entities that the wait reads, as `kind:id`; `kind:*` = any'),
    refNames: z.array(ContextName).describe('Names of `refs`, in the same order; null for other entities'),
    event: z.string().nullable().describe('The first event of `events`; null for a `wait_until`'),
    contextKey: z.string().nullable().describe('Context key of the first event; `*` = any'),
    events: z.array(z.string()).describe('All events that end the wait, in the order of the step'),
    contextKeys: z.array(z.string().nullable()).describe('Context keys of `events`, in the same order; `*` = any'),
    contextNames: z.array(ContextName).describe('Names of `contextKeys`, in the same order'),
    since: Timestamp,
    timeoutAt: Timestamp.nullable(),
    recheckAt: Timestamp.nullable().describe('When the wait is evaluated again without a change'),
  })
  .meta({ id: 'Wait' });

/** Returns the routes for waits. */
export function waitRoutes({ db }: { db: Executor }): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/waits',
      permission: 'automation.read',
      operationId: 'waits.list',
      tag: 'Runs',
      summary: 'List waits of runs with their entities or events and timeouts, newest first',
      query: z.object({ ...PageQuery, runId: z.uuid().optional(), automationId: z.uuid().optional() }),
      responses: { 200: { description: 'A page of waits', schema: pageOf(WaitAnswer) } },
      async handler({ query: { limit, cursor, ...filter } }) {
        const page = { limit: limit + 1, before: decodeCursor(IdCursor, cursor) };
        const rows = await listWaits(db, { ...page, runId: filter.runId, automationId: filter.automationId });
        const nameOf = await namesOfKeys(db, rows.flatMap(keysOf));
        return json(
          200,
          toPage(rows, limit, toAnswer(nameOf), (row) => row.id),
        );
      },
    }),
  ];
}

/** Returns the id that a reference to an entity contains. */
const idOf = (ref: string): string => ref.slice(ref.indexOf(':') + 1);

const keysOf = (wait: Wait) => [...wait.refs.map(idOf), ...awaitedEvents(wait).map(({ contextKey }) => contextKey)];

const toAnswer = (nameOf: NameOfKey) => (wait: ListedWait) => {
  const { automationId, automationName } = wait;
  const { runId, path, kind, refs, event, contextKey, anyKey, since, timeoutAt, recheckAt } = wait;
  const awaited = awaitedEvents(wait);
  return {
    ...{
      automationId,
      automationName,
      runId,
      path,
      kind,
      refs,
      event,
      contextKey: anyKey ? '*' : contextKey,
      since: since.toISOString(),
    },
    events: awaited.map((each) => each.event),
    contextKeys: awaited.map((each) => each.contextKey),
    refNames: refs.map((ref) => nameOf(idOf(ref))),
    contextNames: awaited.map((each) => nameOf(each.contextKey)),
    ...{ timeoutAt: timeoutAt?.toISOString() ?? null, recheckAt: recheckAt?.toISOString() ?? null },
  };
};
