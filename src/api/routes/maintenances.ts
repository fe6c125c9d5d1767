import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { MAINTENANCE_STATUSES, MaintenanceStatus } from '../../providers/maintenance/maintenance-entity';
import {
  createMaintenance,
  deleteMaintenance,
  getMaintenance,
  listMaintenances,
  MaintenancePatch,
  NewMaintenance,
  updateMaintenance,
  type Maintenance,
} from '../../providers/maintenance/maintenances';
import { assertIfMatch, etagOf, IF_MATCH } from '../http/etag';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, writeRoute, type Reply, type Route } from '../http/route';
import { IdParams, notFound, Timestamp, uuidOrNotFound } from '../http/values';
import type { DomainDeps } from './systems';

const TAG = 'Maintenances';
const NOT_FOUND = { 404: { description: 'There is no such maintenance' } };

/** A maintenance as the API tells it. */
const MaintenanceAnswer = z
  .object({
    id: z.uuid(),
    title: z.string(),
    description: z.string().nullable(),
    systemIds: z.array(z.string()),
    status: MaintenanceStatus,
    startAt: Timestamp,
    endAt: Timestamp,
    suppressNotifications: z.boolean(),
    createdBy: z.unknown(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'Maintenance' });

const StatusQuery = z
  .string()
  .transform((text) => text.split(',').map((status) => status.trim()))
  .pipe(z.array(z.enum(MAINTENANCE_STATUSES)).min(1));

const ListQuery = z.object({
  ...PageQuery,
  status: StatusQuery.optional().describe('One status or several, comma separated'),
  systemId: z.string().optional(),
});

/** Planned windows of systems. */
export function maintenanceRoutes(deps: DomainDeps): Route[] {
  return [listRoute(deps), createRoute(deps), getRoute(deps), patchRoute(deps), deleteRoute(deps)];
}

function listRoute({ db }: DomainDeps): Route {
  return readRoute({
    method: 'get',
    path: '/maintenances',
    permission: 'automation.read',
    operationId: 'maintenances.list',
    tag: TAG,
    summary: 'Maintenances, newest first',
    query: ListQuery,
    responses: { 200: { description: 'A page of maintenances', schema: pageOf(MaintenanceAnswer) } },
    async handler({ query: { limit, cursor, status, systemId } }) {
      const before = decodeCursor(IdCursor, cursor);
      const rows = await listMaintenances(db, {
        limit: limit + 1,
        ...(before === undefined ? {} : { before }),
        ...(status === undefined ? {} : { status }),
        ...(systemId === undefined ? {} : { systemId }),
      });
      return json(
        200,
        toPage(rows, limit, toAnswer, (row) => row.id),
      );
    },
  });
}

function createRoute({ entities, clock, notifier }: DomainDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/maintenances',
    permission: 'automation.manage',
    operationId: 'maintenances.create',
    tag: TAG,
    summary: 'Plan a maintenance; one whose start has come begins at once',
    body: NewMaintenance,
    responses: { 201: { description: 'The maintenance', schema: MaintenanceAnswer } },
    async handler({ body, tx, cause, afterCommit }) {
      const row = await createMaintenance({ tx, entities, cause, now: clock.now() }, body);
      afterCommit(() => notifier.changes());
      return reply(201, row);
    },
  });
}

function getRoute({ db }: DomainDeps): Route {
  return readRoute({
    method: 'get',
    path: '/maintenances/{id}',
    permission: 'automation.read',
    operationId: 'maintenances.get',
    tag: TAG,
    summary: 'One maintenance',
    params: IdParams,
    responses: { 200: { description: 'The maintenance', schema: MaintenanceAnswer }, ...NOT_FOUND },
    handler: async ({ params }) => reply(200, await requireMaintenance(db, params.id)),
  });
}

function patchRoute({ entities, clock, notifier }: DomainDeps): Route {
  return writeRoute({
    method: 'patch',
    path: '/maintenances/{id}',
    permission: 'automation.manage',
    operationId: 'maintenances.update',
    tag: TAG,
    summary: 'Change a maintenance; keys left out stay, `status` ends it before its time',
    params: IdParams,
    body: MaintenancePatch,
    headers: IF_MATCH.headers,
    responses: {
      200: { description: 'The maintenance', schema: MaintenanceAnswer },
      409: { description: 'It has ended; its times and status stay' },
      ...IF_MATCH.responses,
      ...NOT_FOUND,
    },
    async handler({ params, body, tx, cause, request, afterCommit }) {
      const id = uuidOrNotFound(params.id, 'maintenance');
      await assertCurrent(tx, id, request.headers['if-match']);
      const row = await updateMaintenance({ tx, entities, cause, now: clock.now() }, id, body);
      afterCommit(() => notifier.changes());
      return reply(200, row);
    },
  });
}

function deleteRoute({ entities, clock, notifier }: DomainDeps): Route {
  return writeRoute({
    method: 'delete',
    path: '/maintenances/{id}',
    permission: 'automation.manage',
    operationId: 'maintenances.delete',
    tag: TAG,
    summary: 'Remove a maintenance with its updates',
    params: IdParams,
    headers: IF_MATCH.headers,
    responses: { 204: { description: 'Removed' }, ...IF_MATCH.responses, ...NOT_FOUND },
    async handler({ params, tx, cause, request, afterCommit }) {
      const id = uuidOrNotFound(params.id, 'maintenance');
      await assertCurrent(tx, id, request.headers['if-match']);
      await deleteMaintenance({ tx, entities, cause, now: clock.now() }, id);
      afterCommit(() => notifier.changes());
      return { status: 204 };
    },
  });
}

/** Compares under the row's lock, which is kept for the write that follows. */
async function assertCurrent(tx: Executor, id: string, ifMatch: string | undefined): Promise<void> {
  if (ifMatch === undefined) return;
  await tx.execute(sql`select 1 from maintenances where id = ${id} for no key update`);
  assertIfMatch(ifMatch, etagOf(toAnswer(await requireMaintenance(tx, id))));
}

async function requireMaintenance(db: Executor, id: string): Promise<Maintenance> {
  const row = await getMaintenance(db, uuidOrNotFound(id, 'maintenance'));
  if (row === null) throw notFound('maintenance', id);
  return row;
}

function reply(status: number, row: Maintenance): Reply {
  const answer = toAnswer(row);
  return json(status, answer, { ETag: etagOf(answer) });
}

function toAnswer({ startAt, endAt, createdAt, updatedAt, ...rest }: Maintenance) {
  return {
    ...rest,
    ...{ startAt: startAt.toISOString(), endAt: endAt.toISOString() },
    ...{ createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() },
  };
}
