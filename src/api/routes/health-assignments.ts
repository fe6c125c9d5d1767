import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { FermataError } from '../../domain/errors';
import { lockSystems } from '../../domains/catalog/systems';
import {
  getAssignment,
  listAssignments,
  NewAssignment,
  putAssignment,
  removeAssignment,
  setAssignmentEnabled,
  type Assignment,
} from '../../domains/healthcheck/assignments';
import { HealthStatus } from '../../domains/healthcheck/health-status';
import { decodeCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { assertIfMatch, etagOf, IF_MATCH } from '../http/etag';
import { json, readRoute, writeRoute, type Reply, type Route } from '../http/route';
import { IdParams, isoOrNull, notFound, Timestamp } from '../http/values';
import type { DomainDeps } from './domain-resource';

const TAG = 'Systems';
const NOT_FOUND = { 404: { description: 'Assignment not found' } };

const AssignmentAnswer = z
  .object({
    id: z.string().describe('`<systemId>:<configurationId>`, each percent-encoded'),
    systemId: z.string(),
    configurationId: z.string(),
    enabled: z.boolean().describe('Results of a disabled check are kept, but do not affect the health'),
    status: HealthStatus.nullable().describe('Status of the last result; null when there is none yet'),
    lastResultAt: Timestamp.nullable(),
  })
  .meta({ id: 'Assignment' });

const Cursor = z.tuple([z.string(), z.string()]);

/** Returns the routes for the checks that are assigned to systems. */
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
    summary: 'List the checks of systems, ordered by system and check',
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
    summary: 'Assign a check to a system, or enable or disable an assigned one',
    body: NewAssignment,
    responses: {
      201: { description: 'The assignment', schema: AssignmentAnswer },
      404: { description: 'System not found' },
      409: { description: 'A firing alert already has this id' },
    },
    async handler({ body, tx, cause, afterCommit }) {
      const assignment = await putAssignment({ tx, entities, cause, now: clock.now() }, body);
      afterCommit(() => notifier.changes());
      return reply(201, assignment);
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
    summary: 'Get one check of a system',
    params: IdParams,
    responses: { 200: { description: 'The assignment', schema: AssignmentAnswer }, ...NOT_FOUND },
    async handler({ params }) {
      const assignment = await getAssignment(db, refOf(params.id));
      if (assignment === null) throw notFound('assignment', params.id);
      return reply(200, assignment);
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
    headers: IF_MATCH.headers,
    responses: {
      200: { description: 'The assignment', schema: AssignmentAnswer },
      ...IF_MATCH.responses,
      ...NOT_FOUND,
    },
    async handler({ params, body, tx, cause, request, afterCommit }) {
      const write = { tx, entities, cause, now: clock.now() };
      await assertCurrent(tx, params.id, request.headers['if-match']);
      const assignment = await setAssignmentEnabled(write, refOf(params.id), body.enabled);
      afterCommit(() => notifier.changes());
      return reply(200, assignment);
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
    summary: 'Remove a check from its system',
    params: IdParams,
    headers: IF_MATCH.headers,
    responses: { 204: { description: 'Removed' }, ...IF_MATCH.responses, ...NOT_FOUND },
    async handler({ params, tx, cause, request, afterCommit }) {
      await assertCurrent(tx, params.id, request.headers['if-match']);
      await removeAssignment({ tx, entities, cause, now: clock.now() }, refOf(params.id));
      afterCommit(() => notifier.changes());
      return { status: 204 };
    },
  });
}

/**
 * Compares the ETag of an assignment with `If-Match`, if the request has one. Locks the system until the transaction
 * ends, so that the write that follows is based on this state.
 * @throws {FermataError} `not_found`, and `stale_etag` for another ETag
 */
async function assertCurrent(tx: Executor, id: string, ifMatch: string | undefined): Promise<void> {
  if (ifMatch === undefined) return;
  const ref = refOf(id);
  await lockSystems(tx, [ref.systemId]);
  const assignment = await getAssignment(tx, ref);
  if (assignment === null) throw notFound('assignment', id);
  assertIfMatch(ifMatch, etag(assignment));
}

/** Returns the ETag of an assignment. Check results do not change it. */
function etag({ systemId, configurationId, enabled }: Assignment): string {
  return etagOf(systemId, configurationId, enabled);
}

function reply(status: number, assignment: Assignment): Reply {
  return json(status, toAnswer(assignment), { ETag: etag(assignment) });
}

/**
 * Parses the id of an assignment.
 * @throws {FermataError} `not_found` for an invalid id
 */
function refOf(id: string): { systemId: string; configurationId: string } {
  const [systemId, configurationId, ...rest] = id.split(':').map(decoded);
  if (systemId && configurationId && rest.length === 0) return { systemId, configurationId };
  throw notFound('assignment', id);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new FermataError('not_found', `Assignment not found: "${part}" in the id is not valid percent-encoding.`, {
      cause,
    });
  }
}

function toAnswer({ lastResultAt, ...rest }: Assignment) {
  const id = [rest.systemId, rest.configurationId].map(encodeURIComponent).join(':');
  return { id, ...rest, lastResultAt: isoOrNull(lastResultAt) };
}
