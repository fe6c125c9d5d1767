import { z } from 'zod';
import {
  deleteConnection,
  findConnection,
  insertConnection,
  listConnections,
  updateConnection,
  type ConnectionRow,
} from '../../db/connections';
import type { Executor } from '../../db/executor';
import type { Clock, Ids } from '../../domain/clock';
import { sameJson } from '../../domain/entities/diff';
import type { Finding } from '../../domain/errors';
import type { Cipher } from '../../domain/secrets/cipher';
import type { AnyConnectionType } from '../../integrations/connections/connection-type';
import { secretFieldsOf } from '../../integrations/connections/connection-type';
import { assertIfMatch, etagOf, IF_MATCH } from '../http/etag';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { ProblemFinding } from '../http/problem';
import { json, readRoute, writeRoute, type Reply, type Route } from '../http/route';
import { IdParams, notFound, Timestamp } from '../http/values';
import { referenceWarnings } from './connection-references';
import { changedConfig, hasSecret, newConfig, typeOf, warningsOf } from './connection-config';

const TAG = 'Connections';
const NOT_FOUND = { 404: { description: 'Connection not found' } };
/** Configuration of a connection as sent, including its secrets. */
export const ConfigBody = z.record(z.string(), z.unknown()).meta({ 'x-secret': true });
const Name = z.string().trim().min(1).max(200);

const ConnectionAnswer = z
  .object({
    id: z.uuid(),
    name: z.string(),
    type: z.string(),
    config: z.record(z.string(), z.unknown()).describe('Configuration; secret fields are shown as `{hasValue: true}`'),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'Connection' });

const WrittenAnswer = ConnectionAnswer.extend({
  warnings: z
    .array(ProblemFinding)
    .describe('Warnings about secrets that are too short to be masked, do not exist or are bound to other hosts'),
});

export interface ConnectionsDeps {
  db: Executor;
  clock: Clock;
  ids: Ids;
  cipher: Cipher;
  connectionTypes: ReadonlyMap<string, AnyConnectionType>;
}

/** Returns the routes for connections to other products. */
export function connectionRoutes(deps: ConnectionsDeps): Route[] {
  return [typesRoute(deps), listRoute(deps), createRoute(deps), getRoute(deps), patchRoute(deps), deleteRoute(deps)];
}

const TypeAnswer = z
  .object({
    id: z.string(),
    displayName: z.string(),
    configSchema: z.record(z.string(), z.unknown()).describe('JSON Schema; `x-secret` marks write-only fields'),
    addressFields: z
      .array(z.string())
      .describe('Fields with addresses: when one changes, the secrets have to be sent again'),
    options: z.array(z.string()).describe('Fields for which `/connections/{id}/options/{field}` lists values'),
  })
  .meta({ id: 'ConnectionType' });

function typesRoute({ connectionTypes }: ConnectionsDeps): Route {
  const items = [...connectionTypes.values()].map(({ id, displayName, configSchema, addressFields, options }) => ({
    ...{ id, displayName, addressFields: [...addressFields], options: Object.keys(options) },
    configSchema: z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>,
  }));
  return readRoute({
    method: 'get',
    path: '/connection-types',
    permission: 'automation.read',
    operationId: 'connectionTypes.list',
    tag: TAG,
    summary: 'List types of connections with the schemas of their configuration',
    responses: { 200: { description: 'All types', schema: pageOf(TypeAnswer) } },
    handler: () => Promise.resolve(json(200, { items, nextCursor: null })),
  });
}

function listRoute(deps: ConnectionsDeps): Route {
  return readRoute({
    method: 'get',
    path: '/connections',
    permission: 'automation.read',
    operationId: 'connections.list',
    tag: TAG,
    summary: 'List connections, newest first',
    query: z.object(PageQuery),
    responses: { 200: { description: 'A page of connections', schema: pageOf(ConnectionAnswer) } },
    async handler({ query: { limit, cursor } }) {
      const rows = await listConnections(deps.db, { limit: limit + 1, before: decodeCursor(IdCursor, cursor) });
      return json(
        200,
        toPage(
          rows,
          limit,
          (row) => toAnswer(deps, row),
          (row) => row.id,
        ),
      );
    },
  });
}

function createRoute(deps: ConnectionsDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/connections',
    permission: 'secrets.manage',
    operationId: 'connections.create',
    tag: TAG,
    summary: 'Create a connection; its secrets are never shown again',
    body: z.strictObject({ name: Name, type: z.string(), config: ConfigBody }),
    responses: { 201: { description: 'The connection', schema: WrittenAnswer } },
    async handler({ body, tx }) {
      const id = deps.ids.next();
      const now = deps.clock.now();
      const type = typeOf(deps.connectionTypes, body.type);
      const parts = newConfig(deps.cipher, id, type, body.config);
      const row = { id, name: body.name, type: body.type, ...parts, createdAt: now, updatedAt: now };
      await insertConnection(tx, row);
      const references = await referenceWarnings(tx, type, { given: body.config, saved: row.config });
      return written(deps, 201, row, [...warningsOf(type, body.config), ...references]);
    },
  });
}

function getRoute(deps: ConnectionsDeps): Route {
  return readRoute({
    method: 'get',
    path: '/connections/{id}',
    permission: 'automation.read',
    operationId: 'connections.get',
    tag: TAG,
    summary: 'Get a connection',
    params: IdParams,
    responses: { 200: { description: 'The connection', schema: ConnectionAnswer }, ...NOT_FOUND },
    async handler({ params }) {
      const row = await findConnection(deps.db, params.id);
      if (row === null) throw notFound('connection', params.id);
      return reply(deps, 200, row);
    },
  });
}

function patchRoute(deps: ConnectionsDeps): Route {
  return writeRoute({
    method: 'patch',
    path: '/connections/{id}',
    permission: 'secrets.manage',
    operationId: 'connections.update',
    tag: TAG,
    summary:
      'Change a connection; omitted keys of `config` keep their values, but omitted secrets only while the address is unchanged',
    params: IdParams,
    body: z.strictObject({ name: Name.optional(), config: ConfigBody.optional() }),
    headers: IF_MATCH.headers,
    responses: {
      200: { description: 'The connection', schema: WrittenAnswer },
      ...IF_MATCH.responses,
      ...NOT_FOUND,
    },
    async handler({ params, body, tx, request }) {
      const row = await lock(deps, tx, params.id, request.headers['if-match']);
      const type = typeOf(deps.connectionTypes, row.type);
      const parts = body.config === undefined ? {} : changedConfig(deps.cipher, row, type, body.config);
      const changed = { ...row, ...parts, name: body.name ?? row.name, updatedAt: deps.clock.now() };
      const isSame =
        changed.name === row.name && sameJson([row.config, row.secrets], [changed.config, changed.secrets]);
      if (!isSame) await updateConnection(tx, changed);
      const { config: given = {} } = body;
      const references = await referenceWarnings(tx, type, { given, saved: changed.config });
      return written(deps, 200, isSame ? row : changed, [...warningsOf(type, given), ...references]);
    },
  });
}

function deleteRoute(deps: ConnectionsDeps): Route {
  return writeRoute({
    method: 'delete',
    path: '/connections/{id}',
    permission: 'secrets.manage',
    operationId: 'connections.delete',
    tag: TAG,
    summary: 'Remove a connection; later steps that refer to it fail',
    params: IdParams,
    headers: IF_MATCH.headers,
    responses: { 204: { description: 'Removed' }, ...IF_MATCH.responses, ...NOT_FOUND },
    async handler({ params, tx, request }) {
      const row = await lock(deps, tx, params.id, request.headers['if-match']);
      await deleteConnection(tx, row.id);
      return { status: 204 };
    },
  });
}

async function lock(
  deps: ConnectionsDeps,
  tx: Executor,
  id: string,
  ifMatch: string | undefined,
): Promise<ConnectionRow> {
  const row = await findConnection(tx, id, { lock: true });
  if (row === null) throw notFound('connection', id);
  assertIfMatch(ifMatch, etag(deps, row));
  return row;
}

function reply(deps: ConnectionsDeps, status: number, row: ConnectionRow): Reply {
  return json(status, toAnswer(deps, row), { ETag: etag(deps, row) });
}

function written(deps: ConnectionsDeps, status: number, row: ConnectionRow, warnings: Finding[]): Reply {
  return json(status, { ...toAnswer(deps, row), warnings }, { ETag: etag(deps, row) });
}

/** Returns the ETag of a connection. New secrets also change it, because they are encrypted with new nonces. */
function etag(deps: ConnectionsDeps, row: ConnectionRow): string {
  return etagOf(
    toAnswer(deps, row),
    Object.values(row.secrets).map(({ nonce }) => nonce),
  );
}

function toAnswer({ cipher, connectionTypes }: ConnectionsDeps, row: ConnectionRow) {
  const { id, name, type, config, secrets, createdAt, updatedAt } = row;
  const known = connectionTypes.get(type);
  const fields = known === undefined ? Object.keys(secrets) : secretFieldsOf(known);
  const shown = fields.filter((field) => hasSecret(cipher, row, known, field));
  return {
    ...{ id, name, type },
    config: { ...config, ...Object.fromEntries(shown.map((field) => [field, { hasValue: true }])) },
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
