import { z } from 'zod';
import { AutomationAnswer, AUTOMATION_TYPES, reply } from '../automations/answer';
import {
  assertManagedHere,
  MANAGED,
  NOT_FOUND,
  requireAutomation,
  TAG,
  type AutomationDeps,
} from '../automations/deps';
import { assertMayUseSecrets } from '../automations/secret-use';
import { diffVersions } from '../automations/diff-versions';
import { automationEtag } from '../../db/automation-store';
import type { Executor } from '../../db/executor';
import { knownReferences } from '../../db/known-references';
import { assertIfMatch, IF_MATCH } from '../http/etag';
import { decodeCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, writeRoute, type Route } from '../http/route';
import { IdParams, notFound, Timestamp } from '../http/values';

const VersionAnswer = z
  .object({
    version: z.int(),
    definition: z.looseObject({}),
    createdAt: Timestamp,
    createdBy: z.object({ type: z.string(), id: z.string(), name: z.string().optional() }),
    note: z.string().nullable().describe('Note of the author'),
  })
  .meta({ id: 'AutomationVersion' });

const DiffAnswer = z
  .object({
    from: z.int(),
    to: z.int(),
    unified: z.string().describe('Unified diff of the two as YAML; empty when they are equal'),
    changes: z.array(
      z.object({
        path: z.string().describe('Path in the document, e.g. `actions[0].config.title`'),
        before: z.unknown().describe('null when the path is new'),
        after: z.unknown().describe('null when the path no longer exists'),
      }),
    ),
  })
  .meta({ id: 'VersionDiff' });

/** Returns the routes for the versions of an automation. */
export function automationVersionRoutes(deps: AutomationDeps): Route[] {
  return [listRoute(deps), getRoute(deps), diffRoute(deps), rollbackRoute(deps)];
}

function listRoute(deps: AutomationDeps): Route {
  return readRoute({
    method: 'get',
    path: '/automations/{id}/versions',
    permission: 'automation.read',
    operationId: 'automations.versions',
    tag: TAG,
    summary: 'List versions of the definition, newest first',
    params: IdParams,
    query: z.object(PageQuery),
    responses: { 200: { description: 'A page of versions', schema: pageOf(VersionAnswer) }, ...NOT_FOUND },
    async handler({ params, query: { limit, cursor } }) {
      const { id } = await requireAutomation(deps, deps.db, params.id);
      const before = decodeCursor(z.int32(), cursor);
      const page = { limit: limit + 1, ...(before === undefined ? {} : { before }) };
      const rows = await deps.automations.versions(deps.db, id, page);
      return json(
        200,
        toPage(
          rows,
          limit,
          (row) => ({ ...row, createdAt: row.createdAt.toISOString() }),
          (row) => row.version,
        ),
      );
    },
  });
}

const VersionParams = IdParams.extend({ version: z.string().min(1).max(20) });
const NO_VERSION = { 404: { description: 'Automation or version not found' } };

/**
 * Returns a version of an automation.
 * @throws {FermataError} `not_found` if `version` is not the number of a stored version
 */
async function requireVersion({ automations }: AutomationDeps, db: Executor, id: string, version: string) {
  const number = /^[1-9]\d{0,8}$/.test(version) ? Number(version) : 0;
  const found = await automations.versionAt(db, id, number);
  if (found === null) throw notFound('version', version);
  return found;
}

function getRoute(deps: AutomationDeps): Route {
  return readRoute({
    method: 'get',
    path: '/automations/{id}/versions/{version}',
    permission: 'automation.read',
    operationId: 'automations.version',
    tag: TAG,
    summary: 'Get a version of the definition',
    params: VersionParams,
    responses: { 200: { description: 'The version', schema: VersionAnswer }, ...NO_VERSION },
    async handler({ params }) {
      const { id } = await requireAutomation(deps, deps.db, params.id);
      const { sourceYaml: _text, ...found } = await requireVersion(deps, deps.db, id, params.version);
      return json(200, { ...found, createdAt: found.createdAt.toISOString() });
    },
  });
}

function diffRoute(deps: AutomationDeps): Route {
  return readRoute({
    method: 'get',
    path: '/automations/{id}/versions/{version}/diff',
    permission: 'automation.read',
    operationId: 'automations.diff',
    tag: TAG,
    summary: 'Compare two versions of the definition',
    params: VersionParams,
    query: z.object({
      to: z.string().min(1).max(20).optional().describe('Version to compare with; default: the current one'),
    }),
    responses: {
      200: { description: 'The differences', schema: DiffAnswer },
      ...NO_VERSION,
    },
    async handler({ params, query }) {
      const { id, version } = await requireAutomation(deps, deps.db, params.id);
      const read = (number: string) => requireVersion(deps, deps.db, id, number);
      const [from, to] = await Promise.all([read(params.version), read(query.to ?? String(version))]);
      return json(200, diffVersions(from, to));
    },
  });
}

function rollbackRoute(deps: AutomationDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/automations/{id}/versions/{version}/rollback',
    permission: 'automation.manage',
    operationId: 'automations.rollback',
    tag: TAG,
    summary: 'Create a new version that equals an old one',
    params: VersionParams,
    headers: IF_MATCH.headers,
    responses: {
      200: { description: 'The automation', schema: AutomationAnswer, contentTypes: AUTOMATION_TYPES },
      ...{ ...IF_MATCH.responses, ...MANAGED },
      ...NO_VERSION,
    },
    async handler({ params, tx, principal, request, afterCommit }) {
      const current = await requireAutomation(deps, tx, params.id);
      const ifMatch = request.headers['if-match'];
      assertManagedHere(current);
      const old = await requireVersion(deps, tx, current.id, params.version);
      // An old definition may no longer be valid, e.g. because an action was removed.
      const definition = await deps.validator.accept(old.definition);
      assertMayUseSecrets(principal, definition);
      const record = await deps.automations.update(tx, current.id, {
        definition,
        sourceYaml: old.sourceYaml,
        actor: principal.actor,
        check: (locked) => assertIfMatch(ifMatch, automationEtag(locked)),
      });
      afterCommit(() => deps.notifier.definitions());
      return reply(200, record, request, deps.validator, { known: await knownReferences(tx) });
    },
  });
}
