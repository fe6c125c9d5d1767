import { z } from 'zod';
import { INCIDENT_STATUSES, IncidentSeverity, IncidentStatus } from '../../domains/incident/incident-entity';
import {
  createIncident,
  deleteIncident,
  getIncident,
  IncidentPatch,
  listIncidents,
  lockIncident,
  NewIncident,
  updateIncident,
} from '../../domains/incident/incidents';
import type { Route } from '../http/route';
import { isoOrNull, Timestamp } from '../http/values';
import { BY_ID, domainResourceRoutes, type DomainDeps } from './domain-resource';
import { incidentUpdateRoutes } from './incident-updates';

/** Response schema for an incident. */
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

/** Returns the routes for incidents. */
export function incidentRoutes(deps: DomainDeps): Route[] {
  return [
    ...domainResourceRoutes(deps, {
      ...{ path: '/incidents', operations: 'incidents', tag: 'Incidents', one: 'an incident', many: 'incidents' },
      ...{ newSchema: NewIncident, patchSchema: IncidentPatch, answer: IncidentAnswer },
      query: {
        status: StatusQuery.optional().describe('One or more statuses, comma-separated'),
        systemId: z.string().optional(),
      },
      toAnswer: ({ createdAt, updatedAt, resolvedAt, ...rest }) => ({
        ...rest,
        createdAt: createdAt.toISOString(),
        updatedAt: updatedAt.toISOString(),
        resolvedAt: isoOrNull(resolvedAt),
      }),
      ...BY_ID,
      list: (db, page, filters) => listIncidents(db, { ...page, ...filters }),
      ...{ get: getIncident, lock: lockIncident },
      ...{ create: createIncident, update: updateIncident, remove: deleteIncident },
    }),
    ...incidentUpdateRoutes(deps),
  ];
}
