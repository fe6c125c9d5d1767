import { z } from 'zod';
import type { EntityStore } from '../../db/entity-store';
import type { Executor } from '../../db/executor';
import type { Notifier } from '../../db/notifier';
import type { Clock } from '../../domain/clock';
import {
  createSystem,
  deleteSystem,
  getSystem,
  listSystems,
  lockSystems,
  NewSystem,
  SystemPatch,
  updateSystem,
  type System,
} from '../../providers/catalog/systems';
import { assertIfMatch, etagOf, IF_MATCH } from '../http/etag';
import { decodeCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, writeRoute, type Reply, type Route } from '../http/route';
import { IdParams, notFound, Timestamp } from '../http/values';

const TAG = 'Systems';
const NOT_FOUND = { 404: { description: 'There is no such system' } };

const SystemAnswer = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()),
    groupIds: z.array(z.string()),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'System' });

const Cursor = z.tuple([z.iso.datetime(), z.string()]);

export interface DomainDeps {
  db: Executor;
  entities: EntityStore;
  clock: Clock;
  notifier: Notifier;
}

/** The catalogue of systems. */
export function systemRoutes(deps: DomainDeps): Route[] {
  return [listRoute(deps), createRoute(deps), getRoute(deps), patchRoute(deps), deleteRoute(deps)];
}

function listRoute({ db }: DomainDeps): Route {
  return readRoute({
    method: 'get',
    path: '/systems',
    permission: 'automation.read',
    operationId: 'systems.list',
    tag: TAG,
    summary: 'Systems, newest first',
    query: z.object({ ...PageQuery, q: z.string().min(1).max(200).optional().describe('Part of id or name') }),
    responses: { 200: { description: 'A page of systems', schema: pageOf(SystemAnswer) } },
    async handler({ query: { limit, cursor, q } }) {
      const after = decodeCursor(Cursor, cursor);
      const rows = await listSystems(db, {
        limit: limit + 1,
        ...(after === undefined ? {} : { after: { createdAt: new Date(after[0]), id: after[1] } }),
        ...(q === undefined ? {} : { q }),
      });
      return json(
        200,
        toPage(rows, limit, toAnswer, (row) => [row.createdAt.toISOString(), row.id]),
      );
    },
  });
}

function createRoute({ entities, clock, notifier }: DomainDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/systems',
    permission: 'automation.manage',
    operationId: 'systems.create',
    tag: TAG,
    summary: 'Add a system',
    body: NewSystem,
    responses: {
      201: { description: 'The system', schema: SystemAnswer },
      409: { description: 'The id is taken' },
    },
    async handler({ body, tx, cause, afterCommit }) {
      const system = await createSystem({ tx, entities, cause, now: clock.now() }, body);
      afterCommit(() => notifier.changes());
      return reply(201, system);
    },
  });
}

function getRoute({ db }: DomainDeps): Route {
  return readRoute({
    method: 'get',
    path: '/systems/{id}',
    permission: 'automation.read',
    operationId: 'systems.get',
    tag: TAG,
    summary: 'One system',
    params: IdParams,
    responses: { 200: { description: 'The system', schema: SystemAnswer }, ...NOT_FOUND },
    async handler({ params }) {
      const system = await getSystem(db, params.id);
      if (system === null) throw notFound('system', params.id);
      return reply(200, system);
    },
  });
}

function patchRoute({ entities, clock, notifier }: DomainDeps): Route {
  return writeRoute({
    method: 'patch',
    path: '/systems/{id}',
    permission: 'automation.manage',
    operationId: 'systems.update',
    tag: TAG,
    summary: 'Change a system; keys left out stay',
    params: IdParams,
    body: SystemPatch,
    headers: IF_MATCH.headers,
    responses: { 200: { description: 'The system', schema: SystemAnswer }, ...IF_MATCH.responses, ...NOT_FOUND },
    async handler({ params, body, tx, cause, request, afterCommit }) {
      await assertCurrent(tx, params.id, request.headers['if-match']);
      const system = await updateSystem({ tx, entities, cause, now: clock.now() }, params.id, body);
      afterCommit(() => notifier.changes());
      return reply(200, system);
    },
  });
}

function deleteRoute({ entities, clock, notifier }: DomainDeps): Route {
  return writeRoute({
    method: 'delete',
    path: '/systems/{id}',
    permission: 'automation.manage',
    operationId: 'systems.delete',
    tag: TAG,
    summary: 'Remove a system with its checks and its health',
    params: IdParams,
    headers: IF_MATCH.headers,
    responses: { 204: { description: 'Removed' }, ...IF_MATCH.responses, ...NOT_FOUND },
    async handler({ params, tx, cause, request, afterCommit }) {
      await assertCurrent(tx, params.id, request.headers['if-match']);
      await deleteSystem({ tx, entities, cause, now: clock.now() }, params.id);
      afterCommit(() => notifier.changes());
      return { status: 204 };
    },
  });
}

/** Compares under the row's lock, which is kept for the write that follows. */
async function assertCurrent(tx: Executor, id: string, ifMatch: string | undefined): Promise<void> {
  if (ifMatch === undefined) return;
  const system = (await lockSystems(tx, [id])).get(id);
  if (system === undefined) throw notFound('system', id);
  assertIfMatch(ifMatch, etagOf(toAnswer(system)));
}

function reply(status: number, system: System): Reply {
  const answer = toAnswer(system);
  return json(status, answer, { ETag: etagOf(answer) });
}

function toAnswer({ createdAt, updatedAt, ...rest }: System) {
  return { ...rest, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
}
