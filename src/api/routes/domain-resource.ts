import { z } from 'zod';
import type { EntityStore } from '../../db/entity-store';
import type { Executor } from '../../db/executor';
import type { Notifier } from '../../db/notifier';
import type { Clock } from '../../domain/clock';
import { Instant } from '../../domain/instant';
import type { DomainWrite } from '../../domains/domain-write';
import { assertIfMatch, etagOf, IF_MATCH } from '../http/etag';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, writeRoute, type Reply, type Route } from '../http/route';
import { IdParams, notFound } from '../http/values';

/** What the routes of a domain work with. */
export interface DomainDeps {
  db: Executor;
  entities: EntityStore;
  clock: Clock;
  notifier: Notifier;
}

type Query = Record<string, z.ZodType>;

/** What a domain keeps of one sort of thing, and how it is written. */
export interface DomainResource<
  R extends { id: string },
  N extends z.ZodType,
  P extends z.ZodType,
  Q extends Query,
  C extends z.ZodType,
> {
  /** Below the base path, e.g. `/slos`. */
  path: string;
  /** First part of the operation ids. */
  operations: string;
  tag: string;
  /** What people call one of them, e.g. "SLO". */
  singular: string;
  newSchema: N;
  patchSchema: P;
  answer: z.ZodType;
  toAnswer(row: R): Record<string, unknown>;
  /** Computed fields of the answer: a new value of one is not an edit. */
  computed?: readonly string[];
  /** Filters of the list, besides its pages. */
  query: Q;
  /** A place in the list, and that of a row. */
  cursor: C;
  placeOf(row: NoInfer<R>): z.output<C>;
  list(
    db: Executor,
    page: { limit: number; before: z.output<C> | undefined },
    query: z.output<z.ZodObject<Q>>,
  ): Promise<R[]>;
  get(db: Executor, id: string): Promise<R | null>;
  /** The row, which nobody else writes until the transaction ends; `not_found` when there is none. */
  lock(tx: Executor, id: string): Promise<R>;
  /** Locks that a removal takes before that of the row, so that all take them in one order. */
  lockFirst?(tx: Executor): Promise<unknown>;
  create(write: DomainWrite, input: z.output<N>): Promise<R>;
  update(write: DomainWrite, id: string, patch: z.output<P>): Promise<R>;
  remove(write: DomainWrite, id: string): Promise<unknown>;
}

/** Lists of rows whose ids are ours and sort by time. */
export const BY_ID = { cursor: IdCursor, placeOf: ({ id }: { id: string }) => id };

/** Lists of rows whose ids people may choose. */
export const BY_CREATION = {
  cursor: z.tuple([Instant, z.string()]),
  placeOf: ({ createdAt, id }: { createdAt: Date; id: string }): [string, string] => [createdAt.toISOString(), id],
};

/** Routes to list, add, read, change and remove: the same for every domain. */
export function domainResourceRoutes<
  R extends { id: string },
  N extends z.ZodType,
  P extends z.ZodType,
  Q extends Query,
  C extends z.ZodType,
>(deps: DomainDeps, resource: DomainResource<R, N, P, Q, C>): Route[] {
  const shared = sharedOf(resource);
  return [
    listRoute(deps, resource),
    createRoute(deps, resource, shared),
    getRoute(deps, resource, shared),
    updateRoute(deps, resource, shared),
    deleteRoute(deps, resource, shared),
  ];
}

interface Shared<R> {
  reply(status: number, row: R): Reply;
  /** Compares the ETag under the row's lock, which is kept for the write that follows. Returns the id as it is stored. */
  current(tx: Executor, id: string, ifMatch: string | undefined): Promise<string>;
  /** The answer 404. */
  one: Route['responses'];
}

const conflict = { [409]: { description: 'Conflicts with an existing resource' } };

function sharedOf<
  R extends { id: string },
  N extends z.ZodType,
  P extends z.ZodType,
  Q extends Query,
  C extends z.ZodType,
>(resource: DomainResource<R, N, P, Q, C>): Shared<R> {
  const one = { [404]: { description: `No ${resource.singular} has this id` } };
  const computed = new Set(['updatedAt', ...(resource.computed ?? [])]);
  const etag = (row: R) =>
    etagOf(Object.fromEntries(Object.entries(resource.toAnswer(row)).filter(([key]) => !computed.has(key))));
  const reply = (status: number, row: R): Reply => json(status, resource.toAnswer(row), { ETag: etag(row) });
  const current = async (tx: Executor, id: string, ifMatch: string | undefined): Promise<string> => {
    const row = await resource.lock(tx, id);
    assertIfMatch(ifMatch, etag(row));
    return row.id;
  };
  return { reply, current, one };
}

function createRoute<
  R extends { id: string },
  N extends z.ZodType,
  P extends z.ZodType,
  Q extends Query,
  C extends z.ZodType,
>(
  { entities, clock, notifier }: DomainDeps,
  resource: DomainResource<R, N, P, Q, C>,
  { reply, one }: Shared<R>,
): Route {
  const { path, operations, tag, singular, answer } = resource;
  return writeRoute({
    ...{ method: 'post', path, tag, permission: 'automation.manage', operationId: `${operations}.create` },
    summary: `Add one ${singular}`,
    body: resource.newSchema,
    responses: { 201: { description: 'What was added', schema: answer }, ...one, ...conflict },
    async handler({ body, tx, cause, afterCommit }) {
      const row = await resource.create({ tx, entities, cause, now: clock.now() }, body);
      afterCommit(() => notifier.changes());
      return reply(201, row);
    },
  });
}

function getRoute<
  R extends { id: string },
  N extends z.ZodType,
  P extends z.ZodType,
  Q extends Query,
  C extends z.ZodType,
>({ db }: DomainDeps, resource: DomainResource<R, N, P, Q, C>, { reply, one }: Shared<R>): Route {
  const { path, operations, tag, singular, answer } = resource;
  return readRoute({
    ...{ method: 'get', path: `${path}/{id}`, tag, permission: 'automation.read', operationId: `${operations}.get` },
    summary: `One ${singular}`,
    params: IdParams,
    responses: { 200: { description: 'As it is', schema: answer }, ...one },
    async handler({ params }) {
      const row = await resource.get(db, params.id);
      if (row === null) throw notFound(singular, params.id);
      return reply(200, row);
    },
  });
}

function updateRoute<
  R extends { id: string },
  N extends z.ZodType,
  P extends z.ZodType,
  Q extends Query,
  C extends z.ZodType,
>(
  { entities, clock, notifier }: DomainDeps,
  resource: DomainResource<R, N, P, Q, C>,
  { reply, current, one }: Shared<R>,
): Route {
  const { path, operations, tag, singular, answer } = resource;
  return writeRoute({
    ...{ method: 'patch', path: `${path}/{id}`, tag },
    ...{ permission: 'automation.manage', operationId: `${operations}.update` },
    summary: `Change one ${singular}; keys left out stay`,
    params: IdParams,
    body: resource.patchSchema,
    headers: IF_MATCH.headers,
    responses: { 200: { description: 'As it is now', schema: answer }, ...IF_MATCH.responses, ...one, ...conflict },
    async handler({ params, body, tx, cause, request, afterCommit }) {
      const id = await current(tx, params.id, request.headers['if-match']);
      const row = await resource.update({ tx, entities, cause, now: clock.now() }, id, body);
      afterCommit(() => notifier.changes());
      return reply(200, row);
    },
  });
}

function deleteRoute<
  R extends { id: string },
  N extends z.ZodType,
  P extends z.ZodType,
  Q extends Query,
  C extends z.ZodType,
>(
  { entities, clock, notifier }: DomainDeps,
  resource: DomainResource<R, N, P, Q, C>,
  { current, one }: Shared<R>,
): Route {
  const { path, operations, tag, singular } = resource;
  return writeRoute({
    ...{ method: 'delete', path: `${path}/{id}`, tag },
    ...{ permission: 'automation.manage', operationId: `${operations}.delete` },
    summary: `Remove one ${singular}`,
    params: IdParams,
    headers: IF_MATCH.headers,
    responses: { 204: { description: 'Removed' }, ...IF_MATCH.responses, ...one },
    async handler({ params, tx, cause, request, afterCommit }) {
      await resource.lockFirst?.(tx);
      const id = await current(tx, params.id, request.headers['if-match']);
      await resource.remove({ tx, entities, cause, now: clock.now() }, id);
      afterCommit(() => notifier.changes());
      return { status: 204 };
    },
  });
}

function listRoute<
  R extends { id: string },
  N extends z.ZodType,
  P extends z.ZodType,
  Q extends Query,
  C extends z.ZodType,
>({ db }: DomainDeps, resource: DomainResource<R, N, P, Q, C>): Route {
  const { path, tag, singular, answer, toAnswer, placeOf } = resource;
  return readRoute({
    ...{ method: 'get', path, tag, permission: 'automation.read', operationId: `${resource.operations}.list` },
    summary: `Each ${singular}, newest first`,
    query: z.object({ ...PageQuery, ...resource.query }),
    responses: { 200: { description: 'A page', schema: pageOf(answer) } },
    async handler({ query }) {
      const { limit, cursor, ...filters } = query as { limit: number; cursor?: string };
      const before = decodeCursor(resource.cursor, cursor);
      const rows = await resource.list(db, { limit: limit + 1, before }, filters as z.output<z.ZodObject<Q>>);
      return json(200, toPage(rows, limit, toAnswer, placeOf));
    },
  });
}
