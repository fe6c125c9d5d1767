import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { automationEtag, type AutomationRecord, type AutomationStatus } from '../../db/automation-store';
import type { UsedResource } from '../../db/automation-filter';
import { connectionsNamed } from '../../db/connections';
import type { Executor } from '../../db/executor';
import { knownReferences } from '../../db/known-references';
import { AutomationAnswer, AUTOMATION_TYPES, reply, toAnswer } from '../automations/answer';
import {
  assertManagedHere,
  MANAGED,
  NOT_FOUND,
  requireAutomation,
  TAG,
  type AutomationDeps,
} from '../automations/deps';
import { deleteAutomation } from '../automations/delete-automation';
import { patchDocument, splitBody, wholeDocument } from '../automations/input';
import { assertMayUseSecrets } from '../automations/secret-use';
import type { Definition } from '../../domain/definition/schema';
import type { Finding } from '../../domain/errors';
import { BASE_PATH } from '../app';
import type { BodySource } from '../http/body';
import { assertIfMatch, IF_MATCH } from '../http/etag';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, writeRoute, type Route } from '../http/route';
import { FlagQuery, IdParams, uuidOrNotFound } from '../http/values';

const RESOURCE = { description: 'The automation', schema: AutomationAnswer, contentTypes: AUTOMATION_TYPES };

/** Query parameter with a note about the version that the save creates. */
const NoteQuery = {
  note: z.string().trim().min(1).max(500).optional().describe('Note that is stored with the new version'),
};

/** Matches a resource in the format `<kind>:<name>`. */
const USED = /^(connection|hook|package|script):(.{1,250})$/;

const ListQuery = z.object({
  ...PageQuery,
  group: z.string().max(120).optional().describe('Name of the group; empty for automations without a group'),
  status: z.enum(['enabled', 'disabled']).optional(),
  q: z.string().min(1).max(200).optional().describe('Part of name or description'),
  managedBy: z.enum(['api', 'gitops']).optional(),
  uses: z
    .string()
    .regex(USED, 'must be connection:<id or name>, hook:<name>, package:<name> or script:*')
    .optional()
    .describe(
      'Resource to which the current version refers: `connection:<id or name>`, `hook:<name>`, `package:<name>`, `script:*`',
    ),
});

/** Returns the filter for automations that use a resource. A connection can be given by id or name. */
async function usedOf(db: Executor, uses: string): Promise<UsedResource> {
  const [, kind = '', name = ''] = USED.exec(uses) ?? [];
  const called = kind === 'connection' ? await connectionsNamed(db, name) : [];
  return { kind: kind as UsedResource['kind'], names: [name, ...called.flatMap((row) => [row.id, row.name])] };
}

/** Returns the routes to list, read, save and delete automations. */
export function automationRoutes(deps: AutomationDeps): Route[] {
  return [listRoute(deps), createRoute(deps), getRoute(deps), patchRoute(deps), deleteRoute(deps), groupsRoute(deps)];
}

function listRoute({ db, automations, validator }: AutomationDeps): Route {
  return readRoute({
    method: 'get',
    path: '/automations',
    permission: 'automation.read',
    operationId: 'automations.list',
    tag: TAG,
    summary: 'List automations, newest first',
    query: ListQuery,
    responses: { 200: { description: 'A page of automations', schema: pageOf(AutomationAnswer) } },
    async handler({ query: { limit, cursor, uses, ...rest } }) {
      const filter = { ...rest, ...(uses !== undefined && { uses: await usedOf(db, uses) }) };
      const after = decodeCursor(IdCursor, cursor);
      const page = { limit: limit + 1, ...(after === undefined ? {} : { after }) };
      const rows = await automations.list(db, filter, page);
      const warnings = new Map<string, Finding[]>();
      for (const row of rows) warnings.set(row.id, await validator.warningsOf(row));
      return json(
        200,
        toPage(
          rows,
          limit,
          (row) => toAnswer(row, warnings.get(row.id) ?? []),
          (row) => row.id,
        ),
      );
    },
  });
}

function createRoute({ automations, validator, notifier, bodySchemas }: AutomationDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/automations',
    permission: 'automation.manage',
    operationId: 'automations.create',
    tag: TAG,
    summary: 'Create an automation; the body is the document, plus `status`',
    query: z.object(NoteQuery),
    body: z.unknown(),
    bodyFormat: 'json-or-yaml',
    costly: true,
    documentedBody: () => bodySchemas().create,
    responses: { 201: RESOURCE },
    async handler({ query, body, source, tx, principal, request, afterCommit }) {
      const { document, status, findings } = splitBody(body, source?.locate);
      const definition = await validator.accept(document, source, findings);
      assertMayUseSecrets(principal, definition);
      const record = await automations.create(tx, {
        definition,
        ...(status === undefined ? {} : { status }),
        ...{ sourceYaml: source?.text ?? null, note: query.note },
        actor: principal.actor,
      });
      afterCommit(() => notifier.definitions());
      const headers = { Location: `${BASE_PATH}/automations/${record.id}` };
      return reply(201, record, request, validator, { headers, known: await knownReferences(tx) });
    },
  });
}

function getRoute(deps: AutomationDeps): Route {
  return readRoute({
    method: 'get',
    path: '/automations/{id}',
    permission: 'automation.read',
    operationId: 'automations.get',
    tag: TAG,
    summary: 'Get an automation, as JSON or as its YAML document',
    params: IdParams,
    responses: { 200: RESOURCE, ...NOT_FOUND },
    async handler({ params, request }) {
      const record = await requireAutomation(deps, deps.db, params.id);
      return reply(200, record, request, deps.validator, { known: await knownReferences(deps.db) });
    },
  });
}

function patchRoute(deps: AutomationDeps): Route {
  const { automations, validator, notifier, bodySchemas } = deps;
  return writeRoute({
    method: 'patch',
    path: '/automations/{id}',
    permission: 'automation.manage',
    operationId: 'automations.update',
    tag: TAG,
    summary: 'Replace the top-level keys that the body contains; a changed definition becomes a new version',
    params: IdParams,
    query: z.object({
      ...NoteQuery,
      replace: FlagQuery.optional().describe('Treat the body as the whole document: keys that it lacks are removed'),
    }),
    body: z.unknown(),
    bodyFormat: 'json-or-yaml',
    costly: true,
    documentedBody: () => bodySchemas().patch,
    headers: IF_MATCH.headers,
    responses: { 200: RESOURCE, ...IF_MATCH.responses, ...MANAGED, ...NOT_FOUND },
    async handler({ params, query, body, source, tx, principal, request, afterCommit }) {
      const { document, status, findings } = splitBody(body, source?.locate);
      const whole = query.replace === true;
      const id = uuidOrNotFound(params.id, 'automation');
      // Lock the row before reading it, so that two concurrent patches of different keys both take effect.
      await tx.execute(sql`select 1 from automations where id = ${id} for update`);
      const current = await requireAutomation(deps, tx, id);
      assertIfMatch(request.headers['if-match'], automationEtag(current));
      const changes = Object.keys(document).length > 0;
      if (changes) assertManagedHere(current);
      const definition =
        (changes || findings.length > 0) &&
        (await validator.accept(whole ? wholeDocument(document) : patchDocument(current, document), source, findings));
      if (definition !== false) assertMayUseSecrets(principal, definition);
      const sourceYaml = definition === false ? null : await textOfPatch(deps, current, { definition, status, source });
      const record = await automations.update(tx, id, {
        ...(definition === false ? {} : { definition, sourceYaml, note: query.note }),
        ...(status === undefined ? {} : { status }),
        actor: principal.actor,
      });
      afterCommit(() => notifier.definitions());
      return reply(200, record, request, validator, { known: await knownReferences(tx) });
    },
  });
}

/**
 * Returns the YAML of an automation after a patch. Existing comments are kept. If the patch is YAML, its comments are
 * added.
 */
function textOfPatch(
  { validator }: AutomationDeps,
  before: AutomationRecord,
  patch: { definition: Definition; status: AutomationStatus | undefined; source: BodySource | undefined },
): Promise<string | null> {
  const { group = before.group, ...definition } = patch.definition;
  return validator.textAfter({
    sourceYaml: before.sourceYaml,
    before: { definition: before.definition, group: before.group, status: before.status },
    after: { definition, group: group?.trim() || null, status: patch.status ?? before.status },
    patch: patch.source?.text,
  });
}

function deleteRoute(deps: AutomationDeps): Route {
  const { automations, notifier } = deps;
  return writeRoute({
    method: 'delete',
    path: '/automations/{id}',
    permission: 'automation.manage',
    operationId: 'automations.delete',
    tag: TAG,
    summary: 'Delete an automation: its open runs are cancelled, its history is kept',
    params: IdParams,
    headers: IF_MATCH.headers,
    responses: { 204: { description: 'Deleted' }, ...IF_MATCH.responses, ...MANAGED, ...NOT_FOUND },
    async handler({ params, tx, request, afterCommit }) {
      const id = uuidOrNotFound(params.id, 'automation');
      await deleteAutomation(tx, automations, id, (current) => {
        assertIfMatch(request.headers['if-match'], automationEtag(current));
        assertManagedHere(current);
      });
      afterCommit(() => {
        notifier.definitions();
        notifier.starts();
      });
      return { status: 204 };
    },
  });
}

function groupsRoute({ db, automations }: AutomationDeps): Route {
  return readRoute({
    method: 'get',
    path: '/automation-groups',
    permission: 'automation.read',
    operationId: 'automationGroups.list',
    tag: TAG,
    summary: 'List the groups of automations in alphabetical order',
    responses: { 200: { description: 'All groups', schema: z.object({ items: z.array(z.string()) }) } },
    handler: async () => json(200, { items: await automations.groups(db) }),
  });
}
