import { z } from 'zod';
import { IncidentStatus } from '../../domains/incident/incident-entity';
import {
  addIncidentUpdate,
  getIncident,
  listIncidentUpdates,
  NewIncidentUpdate,
  type IncidentUpdate,
} from '../../domains/incident/incidents';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, writeRoute, type Route } from '../http/route';
import { IdParams, notFound, Timestamp, uuidOrNotFound } from '../http/values';
import type { DomainDeps } from './domain-resource';

const NOT_FOUND = { 404: { description: 'Incident not found' } };

const UpdateAnswer = z
  .object({
    id: z.uuid(),
    incidentId: z.uuid(),
    message: z.string(),
    statusChange: IncidentStatus.nullable(),
    actor: z.unknown(),
    at: Timestamp,
  })
  .meta({ id: 'IncidentUpdate' });

/** Returns the routes for incident updates. */
export function incidentUpdateRoutes({ db, entities, clock, notifier }: DomainDeps): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/incidents/{id}/updates',
      permission: 'automation.read',
      operationId: 'incidents.updates',
      tag: 'Incidents',
      summary: 'List updates of an incident, newest first',
      params: IdParams,
      query: z.object(PageQuery),
      responses: { 200: { description: 'A page of updates', schema: pageOf(UpdateAnswer) }, ...NOT_FOUND },
      async handler({ params, query: { limit, cursor } }) {
        const id = uuidOrNotFound(params.id, 'incident');
        if ((await getIncident(db, id)) === null) throw notFound('incident', id);
        const before = decodeCursor(IdCursor, cursor);
        const page = { limit: limit + 1, ...(before === undefined ? {} : { before }) };
        const rows = await listIncidentUpdates(db, id, page);
        return json(
          200,
          toPage(rows, limit, toAnswer, (row) => row.id),
        );
      },
    }),
    writeRoute({
      method: 'post',
      path: '/incidents/{id}/updates',
      permission: 'automation.manage',
      operationId: 'incidents.addUpdate',
      tag: 'Incidents',
      summary: 'Add an update to an incident and, with `statusChange`, change its status',
      params: IdParams,
      body: NewIncidentUpdate,
      responses: { 201: { description: 'The update', schema: UpdateAnswer }, ...NOT_FOUND },
      async handler({ params, body, tx, cause, afterCommit }) {
        const id = uuidOrNotFound(params.id, 'incident');
        const { update } = await addIncidentUpdate({ tx, entities, cause, now: clock.now() }, id, body);
        afterCommit(() => notifier.changes());
        return json(201, toAnswer(update));
      },
    }),
  ];
}

function toAnswer({ at, ...rest }: IncidentUpdate) {
  return { ...rest, at: at.toISOString() };
}
