import { z } from 'zod';
import { FermataError } from '../../domain/errors';
import {
  getAssignment,
  listAssignments,
  NewAssignment,
  putAssignment,
  removeAssignment,
  setAssignmentEnabled,
  type Assignment,
} from '../../providers/healthcheck/assignments';
import { HealthStatus } from '../../providers/healthcheck/health-status';
import { decodeCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, writeRoute, type Route } from '../http/route';
import { IdParams, isoOrNull, notFound, Timestamp } from '../http/values';
import type { DomainDeps } from './domain-resource';

const TAG = 'Systems';
const NOT_FOUND = { 404: { description: 'There is no such assignment' } };

const AssignmentAnswer = z
  .object({
    id: z.string().describe('`<systemId>:<configurationId>`, each percent-encoded'),
    systemId: z.string(),
    configurationId: z.string(),
    enabled: z.boolean().describe('Results of a disabled one are kept, but do not count for the health'),
    status: HealthStatus.nullable().describe('By the last result; null = none yet'),
    lastResultAt: Timestamp.nullable(),
  })
  .meta({ id: 'Assignment' });

const Cursor = z.tuple([z.string(), z.string()]);

/** Which checks belong to which systems. */
export function healthAssignmentRoutes(deps: DomainDeps): Route[] {
  return [listRoute(deps), createRoute(deps), getRoute(deps), patchRoute(deps), deleteRoute(deps)];
}

function listRoute({ db }: DomainDeps): Route {
  return readRoute({
    method: 'get',
    path: '/health/assignments',
    permission: 'automation.read',
    operationId: 'assignments.list',
    tag: TAG,
    summary: 'Checks of systems, in the order of system and check',
    query: z.object({ ...PageQuery, systemId: z.string().optional() }),
    responses: { 200: { description: 'A page of assignments', schema: pageOf(AssignmentAnswer) } },
    async handler({ query: { limit, cursor, systemId } }) {
      const after = decodeCursor(Cursor, cursor);
      const rows = await listAssignments(db, {
        limit: limit + 1,
        ...(after === undefined ? {} : { after: { systemId: after[0], configurationId: after[1] } }),
        ...(systemId === undefined ? {} : { systemId }),
      });
      return json(
        200,
        toPage(rows, limit, toAnswer, (row) => [row.systemId, row.configurationId]),
      );
    },
  });
}

function createRoute({ entities, clock, notifier }: DomainDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/health/assignments',
    permission: 'automation.manage',
    operationId: 'assignments.create',
    tag: TAG,
    summary: 'Give a system a check; one that it has is enabled or disabled',
    body: NewAssignment,
    responses: {
      201: { description: 'The assignment', schema: AssignmentAnswer },
      404: { description: 'There is no such system' },
      409: { description: 'A firing alert has that id' },
    },
    async handler({ body, tx, cause, afterCommit }) {
      const assignment = await putAssignment({ tx, entities, cause, now: clock.now() }, body);
      afterCommit(() => notifier.changes());
      return json(201, toAnswer(assignment));
    },
  });
}

function getRoute({ db }: DomainDeps): Route {
  return readRoute({
    method: 'get',
    path: '/health/assignments/{id}',
    permission: 'automation.read',
    operationId: 'assignments.get',
    tag: TAG,
    summary: 'One check of one system',
    params: IdParams,
    responses: { 200: { description: 'The assignment', schema: AssignmentAnswer }, ...NOT_FOUND },
    async handler({ params }) {
      const assignment = await getAssignment(db, refOf(params.id));
      if (assignment === null) throw notFound('assignment', params.id);
      return json(200, toAnswer(assignment));
    },
  });
}

function patchRoute({ entities, clock, notifier }: DomainDeps): Route {
  return writeRoute({
    method: 'patch',
    path: '/health/assignments/{id}',
    permission: 'automation.manage',
    operationId: 'assignments.update',
    tag: TAG,
    summary: 'Enable or disable a check of a system',
    params: IdParams,
    body: z.strictObject({ enabled: z.boolean() }),
    responses: { 200: { description: 'The assignment', schema: AssignmentAnswer }, ...NOT_FOUND },
    async handler({ params, body, tx, cause, afterCommit }) {
      const write = { tx, entities, cause, now: clock.now() };
      const assignment = await setAssignmentEnabled(write, refOf(params.id), body.enabled);
      afterCommit(() => notifier.changes());
      return json(200, toAnswer(assignment));
    },
  });
}

function deleteRoute({ entities, clock, notifier }: DomainDeps): Route {
  return writeRoute({
    method: 'delete',
    path: '/health/assignments/{id}',
    permission: 'automation.manage',
    operationId: 'assignments.delete',
    tag: TAG,
    summary: 'Take a check from its system',
    params: IdParams,
    responses: { 204: { description: 'Taken' }, ...NOT_FOUND },
    async handler({ params, tx, cause, afterCommit }) {
      await removeAssignment({ tx, entities, cause, now: clock.now() }, refOf(params.id));
      afterCommit(() => notifier.changes());
      return { status: 204 };
    },
  });
}

/** @throws {FermataError} `not_found` for what cannot be an id */
function refOf(id: string): { systemId: string; configurationId: string } {
  const [systemId, configurationId, ...rest] = id.split(':').map(decoded);
  if (systemId && configurationId && rest.length === 0) return { systemId, configurationId };
  throw notFound('assignment', id);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new FermataError('not_found', `There is no assignment with "${part}" in its id.`, { cause });
  }
}

function toAnswer({ lastResultAt, ...rest }: Assignment) {
  const id = [rest.systemId, rest.configurationId].map(encodeURIComponent).join(':');
  return { id, ...rest, lastResultAt: isoOrNull(lastResultAt) };
}
