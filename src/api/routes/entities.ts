import { z } from 'zod';
import { Instant } from '../../domain/instant';
import type { EntityRecord, EntityStore } from '../../db/entity-store';
import type { ResolvedKind } from '../../db/entities/entity-kinds';
import type { Executor } from '../../db/executor';
import type { Notifier } from '../../db/notifier';
import { mergePatch } from '../../domain/entities/merge-patch';
import { FermataError } from '../../domain/errors';
import { EntityName } from '../changes/change-answer';
import { nameOfEntity } from '../changes/entity-name';
import { assertIfMatch, etagOf, IF_MATCH } from '../http/etag';
import { decodeCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, writeRoute, type Reply, type Route, type WriteContext } from '../http/route';
import { notFound, Timestamp } from '../http/values';

const TAG = 'Entities';
const State = z.record(z.string(), z.unknown());
const NOT_FOUND = { 404: { description: 'Entity or kind not found' } };
const COMPUTED = { 502: { description: 'The plugin that computes states of this kind failed' } };
const CUSTOM_ONLY = { 409: { description: 'The kind is built in; its state cannot be set with this call' } };

const EntityAnswer = z
  .object({ kind: z.string(), id: z.string(), name: EntityName, state: State, updatedAt: Timestamp })
  .meta({ id: 'Entity' });

const KindParams = z.object({ kind: z.string().min(1).max(100) });
const EntityParams = z.object({ kind: z.string().min(1).max(100), id: z.string().min(1).max(512) });
const Cursor = z.tuple([Instant, z.string()]);

export interface EntitiesDeps {
  db: Executor;
  entities: EntityStore;
  notifier: Notifier;
}

/** Returns the routes for entities. Automations can react to changes of their states. */
export function entityRoutes(deps: EntitiesDeps): Route[] {
  return [listRoute(deps), getRoute(deps), putRoute(deps), patchRoute(deps), deleteRoute(deps)];
}

function listRoute({ db, entities }: EntitiesDeps): Route {
  return readRoute({
    method: 'get',
    path: '/entities/{kind}',
    permission: 'automation.read',
    operationId: 'entities.list',
    tag: TAG,
    summary: 'List entities of a kind, newest first',
    params: KindParams,
    query: z.object(PageQuery),
    responses: { 200: { description: 'A page of entities', schema: pageOf(EntityAnswer) }, ...NOT_FOUND, ...COMPUTED },
    async handler({ params, query: { limit, cursor } }) {
      await resolveKind(db, entities, params.kind);
      const after = decodeCursor(Cursor, cursor);
      const page = after && { after: { createdAt: new Date(after[0]), id: after[1] } };
      const rows = await entities.list(db, params.kind, { limit: limit + 1, ...page });
      return json(
        200,
        toPage(rows, limit, toAnswer, (row) => [row.createdAt.toISOString(), row.id]),
      );
    },
  });
}

function getRoute({ db, entities }: EntitiesDeps): Route {
  return readRoute({
    method: 'get',
    path: '/entities/{kind}/{id}',
    permission: 'automation.read',
    operationId: 'entities.get',
    tag: TAG,
    summary: 'Get an entity',
    params: EntityParams,
    responses: { 200: { description: 'The entity', schema: EntityAnswer }, ...NOT_FOUND, ...COMPUTED },
    async handler({ params }) {
      const record = await entities.get(db, params.kind, params.id);
      if (record === null) throw notFound(params.kind, params.id);
      return reply(record);
    },
  });
}

function putRoute(deps: EntitiesDeps): Route {
  return writeRoute({
    method: 'put',
    path: '/entities/{kind}/{id}',
    permission: 'automation.manage',
    operationId: 'entities.put',
    tag: TAG,
    summary: 'Set the state of a custom entity; the body is the state',
    params: EntityParams,
    body: State,
    headers: IF_MATCH.headers,
    responses: {
      200: { description: 'The entity', schema: EntityAnswer },
      ...{ ...IF_MATCH.responses, ...CUSTOM_ONLY, ...NOT_FOUND },
    },
    handler: (context) => write(deps, context, () => context.body),
  });
}

function patchRoute(deps: EntitiesDeps): Route {
  return writeRoute({
    method: 'patch',
    path: '/entities/{kind}/{id}',
    permission: 'automation.manage',
    operationId: 'entities.patch',
    tag: TAG,
    summary: 'Merge a patch into the state of a custom entity (RFC 7396)',
    params: EntityParams,
    body: State,
    bodyTypes: ['application/json', 'application/merge-patch+json'],
    headers: IF_MATCH.headers,
    responses: {
      200: { description: 'The entity', schema: EntityAnswer },
      ...{ ...IF_MATCH.responses, ...CUSTOM_ONLY, ...NOT_FOUND },
    },
    handler: (context) => write(deps, context, (prev) => mergePatch(prev, context.body)),
  });
}

function deleteRoute(deps: EntitiesDeps): Route {
  return writeRoute({
    method: 'delete',
    path: '/entities/{kind}/{id}',
    permission: 'automation.manage',
    operationId: 'entities.delete',
    tag: TAG,
    summary: 'Remove a custom entity',
    params: EntityParams,
    headers: IF_MATCH.headers,
    responses: { 204: { description: 'Removed' }, ...IF_MATCH.responses, ...CUSTOM_ONLY, ...NOT_FOUND },
    async handler({ params, tx, cause, request, afterCommit }) {
      await assertCustom(tx, deps.entities, params.kind);
      const ifMatch = request.headers['if-match'];
      if (ifMatch !== undefined) {
        // Writes nothing, but locks the row, so that the state compared here is the state that is removed.
        await deps.entities.mutate(
          tx,
          params,
          (prev) => {
            if (prev === null) throw notFound(params.kind, params.id);
            assertIfMatch(ifMatch, etagOf(prev));
            return prev;
          },
          cause,
        );
      }
      const { removed } = await deps.entities.remove(tx, params, cause);
      if (!removed) throw notFound(params.kind, params.id);
      afterCommit(() => deps.notifier.changes());
      return { status: 204 };
    },
  });
}

type State = z.infer<typeof State>;

async function write(
  { entities, notifier }: EntitiesDeps,
  { params, tx, cause, request, afterCommit }: WriteContext<z.infer<typeof EntityParams>, unknown, State>,
  update: (prev: State | null) => State,
): Promise<Reply> {
  const kind = await assertCustom(tx, entities, params.kind);
  const ifMatch = request.headers['if-match'];
  const { state, updatedAt } = await entities.mutate(
    tx,
    params,
    (prev) => {
      assertIfMatch(ifMatch, prev === null ? null : etagOf(prev));
      return update(prev);
    },
    cause,
    { kind },
  );
  afterCommit(() => notifier.changes());
  return reply({ ...params, state, updatedAt });
}

/**
 * Returns the entity kind named in a path.
 * @throws {FermataError} `not_found`
 */
export async function resolveKind(db: Executor, entities: EntityStore, kind: string) {
  try {
    return await entities.kinds.resolve(db, kind);
  } catch (error) {
    if (error instanceof FermataError && error.code === 'unknown_kind') {
      throw new FermataError('not_found', error.message, { cause: error });
    }
    throw error;
  }
}

/**
 * Returns a custom kind.
 * @throws {FermataError} `not_found`, `conflict` for a built-in kind
 */
async function assertCustom(tx: Executor, entities: EntityStore, kind: string): Promise<ResolvedKind> {
  const resolved = await resolveKind(tx, entities, kind);
  if (resolved.source === 'custom') return resolved;
  throw new FermataError('conflict', `"${kind}" is a built-in kind; its state cannot be set with this call.`);
}

type Shown = Omit<EntityRecord, 'createdAt'>;

function reply(record: Shown): Reply {
  return json(200, toAnswer(record), { ETag: etagOf(record.state) });
}

function toAnswer({ kind, id, state, updatedAt }: Shown) {
  return { kind, id, name: nameOfEntity(kind, state), state, updatedAt: updatedAt.toISOString() };
}
