import { z, type ZodType } from 'zod';
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

/** Dependencies of a domain's routes. */
export interface DomainDeps {
  db: Executor;
  entities: EntityStore;
  clock: Clock;
  notifier: Notifier;
}

type Query = Record<string, ZodType>;

/** Fields of all rows. */
interface Row {
  id: string;
}

/** Describes a type of resource and how it is stored. */
export interface DomainResource<
  R extends Row,
  N extends ZodType,
  P extends ZodType,
  Q extends Query,
  C extends ZodType,
> {
  /** Path relative to the base path, e.g. `/slos`. */
  path: string;
  /** Prefix of operation ids. */
  operations: string;
  tag: string;
  /** Singular name with its article, for messages: "an SLO". */
  one: string;
  /** Plural name for messages: "SLOs". */
  many: string;
  newSchema: N;
  patchSchema: P;
  answer: ZodType;
  toAnswer(row: R): Record<string, unknown>;
  /** Computed fields of the response. Changes of these fields do not change the ETag. */
  computed?: readonly string[];
  /** Filters of the list, in addition to pagination. */
  query: Q;
  /** Schema of a position in the list. `placeOf` returns the position of a row. */
  cursor: C;
  placeOf(row: NoInfer<R>): z.output<C>;
  list(
    db: Executor,
    page: { limit: number; before: z.output<C> | undefined },
    query: z.output<z.ZodObject<Q>>,
  ): Promise<R[]>;
  get(db: Executor, id: string): Promise<R | null>;
  /**
   * Returns the row, locked until the transaction ends.
   * @throws {FermataError} `not_found`
   */
  lock(tx: Executor, id: string): Promise<R>;
  /**
   * Acquires the additional locks that a removal needs. Called before the row is locked, so that all writers acquire
   * locks in the same order.
   */
  lockFirst?(tx: Executor): Promise<unknown>;
  create(write: DomainWrite, input: z.output<N>): Promise<R>;
  update(write: DomainWrite, id: string, patch: z.output<P>): Promise<R>;
  remove(write: DomainWrite, id: string): Promise<unknown>;
}

/** The cursor of a list of rows whose ids are generated and sort by time. */
export const BY_ID = { cursor: IdCursor, placeOf: ({ id }: { id: string }) => id };

/** The cursor of a list of rows whose ids users can choose. */
export const BY_CREATION = {
  cursor: z.tuple([Instant, z.string()]),
  placeOf: ({ createdAt, id }: { createdAt: Date; id: string }): [string, string] => [createdAt.toISOString(), id],
};

/** Returns the routes to list, create, read, update and remove a resource. They are the same for every domain. */
export function domainResourceRoutes<
  R extends Row,
  N extends ZodType,
  P extends ZodType,
  Q extends Query,
  C extends ZodType,
>(deps: DomainDeps, resource: DomainResource<R, N, P, Q, C>): Route[] {
  const routes = new ResourceRoutes(deps, resource);
  return [routes.list(), routes.create(), routes.get(), routes.update(), routes.remove()];
}

const unknownReference = { [404]: { description: 'A resource that the body refers to was not found' } };
const conflict = { [409]: { description: 'Conflicts with an existing resource' } };

/** Creates the routes of one resource. This is a class so that the five type parameters do not have to be repeated. */
class ResourceRoutes<R extends Row, N extends ZodType, P extends ZodType, Q extends Query, C extends ZodType> {
  /** Singular name without article. */
  private readonly name: string;
  /** Documentation of the 404 response. */
  private readonly missing: Route['responses'];
  /** Response fields that the ETag ignores. */
  private readonly computed: ReadonlySet<string>;

  constructor(
    private readonly deps: DomainDeps,
    private readonly resource: DomainResource<R, N, P, Q, C>,
  ) {
    this.name = resource.one.replace(/^an? /, '');
    this.missing = { [404]: { description: `${this.name.charAt(0).toUpperCase()}${this.name.slice(1)} not found` } };
    this.computed = new Set(['updatedAt', ...(resource.computed ?? [])]);
  }

  list(): Route {
    const { db } = this.deps;
    const { resource } = this;
    const { path, tag, many, answer, operations } = resource;
    return readRoute({
      ...{ method: 'get', path, tag, permission: 'automation.read', operationId: `${operations}.list` },
      summary: `List ${many}, newest first`,
      query: z.object({ ...PageQuery, ...resource.query }),
      responses: { 200: { description: 'A page', schema: pageOf(answer) } },
      async handler({ query }) {
        const { limit, cursor, ...filters } = query as { limit: number; cursor?: string };
        const before = decodeCursor(resource.cursor, cursor);
        const rows = await resource.list(db, { limit: limit + 1, before }, filters as z.output<z.ZodObject<Q>>);
        return json(200, toPage(rows, limit, resource.toAnswer, resource.placeOf));
      },
    });
  }

  create(): Route {
    const { resource } = this;
    const { path, operations, tag, one, answer } = resource;
    const { notifier } = this.deps;
    return writeRoute({
      ...{ method: 'post', path, tag, permission: 'automation.manage', operationId: `${operations}.create` },
      summary: `Create ${one}`,
      body: resource.newSchema,
      responses: { 201: { description: 'The created resource', schema: answer }, ...unknownReference, ...conflict },
      handler: async ({ body, tx, cause, afterCommit }) => {
        const row = await resource.create(this.write(tx, cause), body);
        afterCommit(() => notifier.changes());
        return this.reply(201, row);
      },
    });
  }

  get(): Route {
    const { db } = this.deps;
    const { path, operations, tag, one, answer } = this.resource;
    return readRoute({
      ...{ method: 'get', path: `${path}/{id}`, tag, permission: 'automation.read', operationId: `${operations}.get` },
      summary: `Get ${one}`,
      params: IdParams,
      responses: { 200: { description: 'The resource', schema: answer }, ...this.missing },
      handler: async ({ params }) => {
        const row = await this.resource.get(db, params.id);
        if (row === null) throw notFound(this.name, params.id);
        return this.reply(200, row);
      },
    });
  }

  update(): Route {
    const { resource, missing } = this;
    const { path, operations, tag, one, answer } = resource;
    const { notifier } = this.deps;
    return writeRoute({
      ...{ method: 'patch', path: `${path}/{id}`, tag },
      ...{ permission: 'automation.manage', operationId: `${operations}.update` },
      summary: `Change ${one}; omitted keys keep their values`,
      params: IdParams,
      body: resource.patchSchema,
      headers: IF_MATCH.headers,
      responses: {
        200: { description: 'The updated resource', schema: answer },
        ...IF_MATCH.responses,
        ...missing,
        ...conflict,
      },
      handler: async ({ params, body, tx, cause, request, afterCommit }) => {
        const id = await this.lock(tx, params.id, request.headers['if-match']);
        const row = await resource.update(this.write(tx, cause), id, body);
        afterCommit(() => notifier.changes());
        return this.reply(200, row);
      },
    });
  }

  remove(): Route {
    const { resource, missing } = this;
    const { path, operations, tag, one } = resource;
    const { notifier } = this.deps;
    return writeRoute({
      ...{ method: 'delete', path: `${path}/{id}`, tag },
      ...{ permission: 'automation.manage', operationId: `${operations}.delete` },
      summary: `Remove ${one}`,
      params: IdParams,
      headers: IF_MATCH.headers,
      responses: { 204: { description: 'Removed' }, ...IF_MATCH.responses, ...missing },
      handler: async ({ params, tx, cause, request, afterCommit }) => {
        await resource.lockFirst?.(tx);
        const id = await this.lock(tx, params.id, request.headers['if-match']);
        await resource.remove(this.write(tx, cause), id);
        afterCommit(() => notifier.changes());
        return { status: 204 };
      },
    });
  }

  private write(tx: Executor, cause: DomainWrite['cause']): DomainWrite {
    const { entities, clock } = this.deps;
    return { tx, entities, cause, now: clock.now() };
  }

  private reply(status: number, row: R): Reply {
    return json(status, this.resource.toAnswer(row), { ETag: this.etag(row) });
  }

  private etag(row: R): string {
    const fields = Object.entries(this.resource.toAnswer(row)).filter(([key]) => !this.computed.has(key));
    return etagOf(Object.fromEntries(fields));
  }

  /** Locks the row for the write that follows, and compares its ETag with `ifMatch`. Returns the stored id. */
  private async lock(tx: Executor, id: string, ifMatch: string | undefined): Promise<string> {
    const row = await this.resource.lock(tx, id);
    assertIfMatch(ifMatch, this.etag(row));
    return row.id;
  }
}
