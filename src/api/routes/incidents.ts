import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { INCIDENT_STATUSES, IncidentSeverity, IncidentStatus } from '../../providers/incident/incident-entity';
import {
  createIncident,
  getIncident,
  IncidentPatch,
  listIncidents,
  NewIncident,
  updateIncident,
  type Incident,
} from '../../providers/incident/incidents';
import { assertIfMatch, etagOf, IF_MATCH } from '../http/etag';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, writeRoute, type Reply, type Route } from '../http/route';
import { IdParams, isoOrNull, notFound, Timestamp, uuidOrNotFound } from '../http/values';
import { incidentUpdateRoutes } from './incident-updates';
import type { DomainDeps } from './systems';

const TAG = 'Incidents';
const NOT_FOUND = { 404: { description: 'There is no such incident' } };

/** An incident as the API tells it. */
const IncidentAnswer = z
  .object({
    id: z.uuid(),
    title: z.string(),
    description: z.string().nullable(),
    severity: IncidentSeverity,
    status: IncidentStatus,
    systemIds: z.array(z.string()),
    suppressNotifications: z.boolean(),
    createdBy: z.unknown(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
    resolvedAt: Timestamp.nullable(),
  })
  .meta({ id: 'Incident' });

const StatusQuery = z
  .string()
  .transform((text) => text.split(',').map((status) => status.trim()))
  .pipe(z.array(z.enum(INCIDENT_STATUSES)).min(1));

const ListQuery = z.object({
  ...PageQuery,
  status: StatusQuery.optional().describe('One status or several, comma separated'),
  systemId: z.string().optional(),
});

/** Incidents and what is said about them. */
export function incidentRoutes(deps: DomainDeps): Route[] {
  return [listRoute(deps), createRoute(deps), getRoute(deps), patchRoute(deps), ...incidentUpdateRoutes(deps)];
}

function listRoute({ db }: DomainDeps): Route {
  return readRoute({
    method: 'get',
    path: '/incidents',
    permission: 'automation.read',
    operationId: 'incidents.list',
    tag: TAG,
    summary: 'Incidents, newest first',
    query: ListQuery,
    responses: { 200: { description: 'A page of incidents', schema: pageOf(IncidentAnswer) } },
    async handler({ query: { limit, cursor, status, systemId } }) {
      const before = decodeCursor(IdCursor, cursor);
      const rows = await listIncidents(db, {
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
    path: '/incidents',
    permission: 'automation.manage',
    operationId: 'incidents.create',
    tag: TAG,
    summary: 'Open an incident; `message` becomes its first update',
    body: NewIncident,
    responses: { 201: { description: 'The incident', schema: IncidentAnswer } },
    async handler({ body, tx, cause, afterCommit }) {
      const incident = await createIncident({ tx, entities, cause, now: clock.now() }, body);
      afterCommit(() => notifier.changes());
      return reply(201, incident);
    },
  });
}

function getRoute({ db }: DomainDeps): Route {
  return readRoute({
    method: 'get',
    path: '/incidents/{id}',
    permission: 'automation.read',
    operationId: 'incidents.get',
    tag: TAG,
    summary: 'One incident',
    params: IdParams,
    responses: { 200: { description: 'The incident', schema: IncidentAnswer }, ...NOT_FOUND },
    handler: async ({ params }) => reply(200, await requireIncident(db, params.id)),
  });
}

function patchRoute({ entities, clock, notifier }: DomainDeps): Route {
  return writeRoute({
    method: 'patch',
    path: '/incidents/{id}',
    permission: 'automation.manage',
    operationId: 'incidents.update',
    tag: TAG,
    summary: 'Change an incident; keys left out stay',
    params: IdParams,
    body: IncidentPatch,
    headers: IF_MATCH.headers,
    responses: { 200: { description: 'The incident', schema: IncidentAnswer }, ...IF_MATCH.responses, ...NOT_FOUND },
    async handler({ params, body, tx, cause, request, afterCommit }) {
      const id = uuidOrNotFound(params.id, 'incident');
      const ifMatch = request.headers['if-match'];
      if (ifMatch !== undefined) {
        // The lock is kept for the write that follows.
        await tx.execute(sql`select 1 from incidents where id = ${id} for no key update`);
        assertIfMatch(ifMatch, etagOf(toAnswer(await requireIncident(tx, id))));
      }
      const incident = await updateIncident({ tx, entities, cause, now: clock.now() }, id, body);
      afterCommit(() => notifier.changes());
      return reply(200, incident);
    },
  });
}

async function requireIncident(db: Executor, id: string): Promise<Incident> {
  const incident = await getIncident(db, uuidOrNotFound(id, 'incident'));
  if (incident === null) throw notFound('incident', id);
  return incident;
}

function reply(status: number, incident: Incident): Reply {
  const answer = toAnswer(incident);
  return json(status, answer, { ETag: etagOf(answer) });
}

function toAnswer({ createdAt, updatedAt, resolvedAt, ...rest }: Incident) {
  return {
    ...rest,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    resolvedAt: isoOrNull(resolvedAt),
  };
}
