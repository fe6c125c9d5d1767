import { z } from 'zod';
import {
  createSatellite,
  deleteSatellite,
  getSatellite,
  heartbeat,
  listSatellites,
  lockSatellite,
  NewSatellite,
  SatellitePatch,
  updateSatellite,
  type Satellite,
} from '../../domains/satellite/satellites';
import { json, writeRoute, type Route } from '../http/route';
import { IdParams, Timestamp } from '../http/values';
import { BY_ID, domainResourceRoutes, type DomainDeps } from './domain-resource';

const SatelliteAnswer = z
  .object({
    id: z.uuid(),
    name: z.string(),
    region: z.string().nullable(),
    status: z.enum(['online', 'offline']),
    heartbeatTimeoutSeconds: z.int(),
    lastSeenAt: Timestamp.nullable(),
    lastEvent: z.string(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'Satellite' });

const toAnswer = ({ lastSeenAt, createdAt, updatedAt, ...rest }: Satellite) => ({
  ...rest,
  lastSeenAt: lastSeenAt?.toISOString() ?? null,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});

/** Returns the routes for satellites and their heartbeats. */
export function satelliteRoutes(deps: DomainDeps): Route[] {
  const { entities, clock, notifier } = deps;
  return [
    ...domainResourceRoutes(deps, {
      ...{ path: '/satellites', operations: 'satellites', tag: 'Satellites', one: 'a satellite', many: 'satellites' },
      ...{ newSchema: NewSatellite, patchSchema: SatellitePatch, answer: SatelliteAnswer, query: {}, toAnswer },
      computed: ['status', 'lastSeenAt', 'lastEvent'],
      ...BY_ID,
      ...{ list: listSatellites, get: getSatellite, lock: lockSatellite },
      ...{ create: createSatellite, update: updateSatellite, remove: deleteSatellite },
    }),
    writeRoute({
      method: 'post',
      path: '/satellites/{id}/heartbeat',
      permission: 'ingest',
      operationId: 'satellites.heartbeat',
      tag: 'Satellites',
      summary: 'Record a heartbeat',
      params: IdParams,
      body: z.strictObject({}).prefault({}),
      responses: {
        200: { description: 'The satellite', schema: SatelliteAnswer },
        404: { description: 'Satellite not found' },
      },
      async handler({ params, tx, cause, afterCommit }) {
        const row = await heartbeat({ tx, entities, cause, now: clock.now() }, params.id);
        afterCommit(() => notifier.changes());
        return json(200, toAnswer(row));
      },
    }),
  ];
}
