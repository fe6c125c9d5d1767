import { z } from 'zod';
import {
  addMaintenanceUpdate,
  getMaintenance,
  listMaintenanceUpdates,
  NewMaintenanceUpdate,
  type MaintenanceUpdate,
} from '../../domains/maintenance/maintenances';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, writeRoute, type Route } from '../http/route';
import { IdParams, notFound, Timestamp, uuidOrNotFound } from '../http/values';
import type { DomainDeps } from './domain-resource';

const NOT_FOUND = { 404: { description: 'Maintenance not found' } };

const UpdateAnswer = z
  .object({ id: z.uuid(), maintenanceId: z.uuid(), message: z.string(), actor: z.unknown(), at: Timestamp })
  .meta({ id: 'MaintenanceUpdate' });

/** Returns the routes for maintenance updates. */
export function maintenanceUpdateRoutes({ db, entities, clock }: DomainDeps): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/maintenances/{id}/updates',
      permission: 'automation.read',
      operationId: 'maintenances.updates',
      tag: 'Maintenances',
      summary: 'List updates of a maintenance, newest first',
      params: IdParams,
      query: z.object(PageQuery),
      responses: { 200: { description: 'A page of updates', schema: pageOf(UpdateAnswer) }, ...NOT_FOUND },
      async handler({ params, query: { limit, cursor } }) {
        const id = uuidOrNotFound(params.id, 'maintenance');
        if ((await getMaintenance(db, id)) === null) throw notFound('maintenance', id);
        const page = { limit: limit + 1, before: decodeCursor(IdCursor, cursor) };
        return json(
          200,
          toPage(await listMaintenanceUpdates(db, id, page), limit, toAnswer, (row) => row.id),
        );
      },
    }),
    writeRoute({
      method: 'post',
      path: '/maintenances/{id}/updates',
      permission: 'automation.manage',
      operationId: 'maintenances.addUpdate',
      tag: 'Maintenances',
      summary: 'Add an update to a maintenance, without changing it',
      params: IdParams,
      body: NewMaintenanceUpdate,
      responses: { 201: { description: 'The update', schema: UpdateAnswer }, ...NOT_FOUND },
      async handler({ params, body, tx, cause }) {
        const id = uuidOrNotFound(params.id, 'maintenance');
        const write = { tx, entities, cause, now: clock.now() };
        return json(201, toAnswer((await addMaintenanceUpdate(write, id, body.message)).update));
      },
    }),
  ];
}

function toAnswer({ at, ...rest }: MaintenanceUpdate) {
  return { ...rest, at: at.toISOString() };
}
