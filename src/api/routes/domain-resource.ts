import { z } from 'zod';
import type { Executor } from '../../db/executor';
import type { DomainWrite } from '../../providers/domain-write';
import { assertIfMatch, etagOf, IF_MATCH } from '../http/etag';
import { decodeCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, writeRoute, type Reply, type Route } from '../http/route';
import { IdParams, notFound } from '../http/values';
import type { DomainDeps } from './systems';

type Query = Record<string, z.ZodType>;

/** What a domain keeps of one sort of thing, and how it is written. */
export interface DomainResource<R extends { id: string }, N extends z.ZodType, P extends z.ZodType> {
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
  /** Filters of the list, besides its pages. */
  query?: Query;
  list(db: Executor, page: { limit: number; before: string | undefined }, query: Record<string, unknown>): Promise<R[]>;
  get(db: Executor, id: string): Promise<R | null>;
  create(write: DomainWrite, input: z.output<N>): Promise<R>;
  update(write: DomainWrite, id: string, patch: z.output<P>): Promise<R>;
  remove(write: DomainWrite, id: string): Promise<unknown>;
}

/** List, add, read, change and remove: the same for every domain. */
export function domainResourceRoutes<R extends { id: string }, N extends z.ZodType, P extends z.ZodType>(
  deps: DomainDeps,
  resource: DomainResource<R, N, P>,
): Route[] {
  const { db, entities, clock, notifier } = deps;
  const { path, operations, tag, singular, answer, toAnswer } = resource;
  const one = { [404]: { description: `There is no such ${singular}` } };
  const conflict = { [409]: { description: 'What is there already is in the way' } };
  const reply = (status: number, row: R): Reply => {
    const body = toAnswer(row);
    return json(status, body, { ETag: etagOf(body) });
  };
  const current = async (executor: Executor, id: string): Promise<R> => {
    const row = await resource.get(executor, id);
    if (row === null) throw notFound(singular, id);
    return row;
  };
  const check = async (tx: Executor, id: string, ifMatch: string | undefined): Promise<void> => {
    if (ifMatch !== undefined) assertIfMatch(ifMatch, etagOf(toAnswer(await current(tx, id))));
  };
  return [
    readRoute({
      ...{ method: 'get', path, tag, permission: 'automation.read', operationId: `${operations}.list` },
      summary: `Each ${singular}, newest first`,
      query: z.object({ ...PageQuery, ...resource.query }),
      responses: { 200: { description: 'A page', schema: pageOf(answer) } },
      async handler({ query }) {
        const { limit, cursor, ...filters } = query as { limit: number; cursor?: string };
        const rows = await resource.list(db, { limit: limit + 1, before: decodeCursor(z.string(), cursor) }, filters);
        return json(
          200,
          toPage(rows, limit, toAnswer, (row) => row.id),
        );
      },
    }),
    writeRoute({
      ...{ method: 'post', path, tag, permission: 'automation.manage', operationId: `${operations}.create` },
      summary: `Add one ${singular}`,
      body: resource.newSchema,
      responses: { 201: { description: 'What was added', schema: answer }, ...one, ...conflict },
      async handler({ body, tx, cause, afterCommit }) {
        const row = await resource.create({ tx, entities, cause, now: clock.now() }, body);
        afterCommit(() => notifier.changes());
        return reply(201, row);
      },
    }),
    readRoute({
      ...{ method: 'get', path: `${path}/{id}`, tag, permission: 'automation.read', operationId: `${operations}.get` },
      summary: `One ${singular}`,
      params: IdParams,
      responses: { 200: { description: 'As it is', schema: answer }, ...one },
      handler: async ({ params }) => reply(200, await current(db, params.id)),
    }),
    writeRoute({
      ...{
        method: 'patch',
        path: `${path}/{id}`,
        tag,
        permission: 'automation.manage',
        operationId: `${operations}.update`,
      },
      summary: `Change one ${singular}; keys left out stay`,
      params: IdParams,
      body: resource.patchSchema,
      headers: IF_MATCH.headers,
      responses: { 200: { description: 'As it is now', schema: answer }, ...IF_MATCH.responses, ...one, ...conflict },
      async handler({ params, body, tx, cause, request, afterCommit }) {
        await check(tx, params.id, request.headers['if-match']);
        const row = await resource.update({ tx, entities, cause, now: clock.now() }, params.id, body);
        afterCommit(() => notifier.changes());
        return reply(200, row);
      },
    }),
    writeRoute({
      ...{
        method: 'delete',
        path: `${path}/{id}`,
        tag,
        permission: 'automation.manage',
        operationId: `${operations}.delete`,
      },
      summary: `Remove one ${singular}`,
      params: IdParams,
      headers: IF_MATCH.headers,
      responses: { 204: { description: 'Removed' }, ...IF_MATCH.responses, ...one },
      async handler({ params, tx, cause, request, afterCommit }) {
        await check(tx, params.id, request.headers['if-match']);
        await resource.remove({ tx, entities, cause, now: clock.now() }, params.id);
        afterCommit(() => notifier.changes());
        return { status: 204 };
      },
    }),
  ];
}
