import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Executor } from '../../db/executor';
import type { Cause } from '../../domain/entities/change';
import type { Permission } from '../auth/permissions';
import type { Principal } from '../auth/principal';
import type { BodyFormat, BodySource } from './body';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** A documented response. Without a schema, the response has no body, or a body of one of the `contentTypes`. */
export interface DocumentedResponse {
  description: string;
  schema?: z.ZodType;
  /** Default: `application/json`. There are several if the response depends on `Accept`. */
  contentTypes?: readonly string[];
}

/**
 * What a route does, which determines how it is run:
 * - `read` changes nothing. With `audited`, it still writes an audit row.
 * - `write` runs in one transaction with its audit row and Idempotency-Key, and is repeated after a deadlock.
 * - `inbound` receives events from outside. It opens its own transaction and has its own rate limit. Only refusals are
 *   audited.
 * - `stream` writes the response itself.
 */
export type Effect = 'read' | 'write' | 'inbound' | 'stream';

/** The context of every handler. */
export interface Context<P, Q, B> {
  params: P;
  query: Q;
  body: B;
  principal: Principal;
  /** The caller, as the cause of writes. */
  cause: Cause;
  request: Request;
  /** The body as it was sent. */
  raw: Buffer;
  /** Set if the body was YAML. */
  source: BodySource | undefined;
}

/** The context of a handler that writes. */
export interface WriteContext<P, Q, B> extends Context<P, Q, B> {
  tx: Executor;
  /** Registers a function to call once after the commit. */
  afterCommit(callback: () => void): void;
}

/** A response. A string body is sent unchanged, with `contentType`. */
export interface Reply {
  status: number;
  body?: unknown;
  contentType?: string;
  headers?: Record<string, string | readonly string[]>;
  /**
   * Stored instead of `body` for repeated requests with the same Idempotency-Key, if the response contains a secret
   * that is shown only once.
   */
  keep?: unknown;
}

interface RouteSpec<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  method: Method;
  /** OpenAPI path relative to the base path: `/automations/{id}`. */
  path: string;
  /** If true, the path is not below `/api/v1`. Default: false. */
  atRoot?: boolean;
  permission: Permission | 'public';
  /** `<resource>.<verb>`. Also the action in the audit log. */
  operationId: string;
  tag: string;
  summary: string;
  description?: string;
  params?: P;
  query?: Q;
  body?: B;
  bodyFormat?: BodyFormat;
  /** If true, no message shows a value of the body, also not of a field that is not secret. Default: false. */
  secretBody?: boolean;
  /** For `public` routes: if true, the caller needs valid credentials, but no permission. Default: false. */
  authenticated?: boolean;
  /**
   * If false, `Idempotency-Key` is ignored, because the response contains a secret that must not be stored. Default:
   * true.
   */
  replayable?: boolean;
  /** If true, calls of this `read` route are audited, because it runs code or uses secrets. Default: false. */
  audited?: boolean;
  /**
   * If true, callers without credentials get 405 with `Allow: POST`. For routes that share their path with an inbound
   * POST route: an error about a missing token would mislead a sender that uses the wrong method. Default: false.
   */
  refusesAnonymous?: boolean;
  /**
   * Whether pages from the Web UI's origins may call the route with the console's cookie but without its CSRF token.
   */
  forWebUi?: boolean;
  /** Maximum size of the body in bytes. Default: 1 MiB, or `FERMATA_INGEST_MAX_BYTES` for `inbound` routes. */
  maxBodyBytes?: number;
  /**
   * Limits the number of concurrent calls per token, and counts a call with a large body as several requests. `true`
   * means that the cost grows with the body; small bodies are not limited. `always` means that any call may be
   * expensive. Default: false.
   */
  costly?: boolean | 'always';
  /** Body schema for the OpenAPI document, if the handler validates the body more strictly than `body` does. */
  documentedBody?: z.ZodType | Record<string, unknown> | (() => Record<string, unknown>);
  /** Content types of the body in the OpenAPI document. Default: those of `bodyFormat`. */
  bodyTypes?: readonly string[];
  /** Descriptions of request headers for the OpenAPI document, by name. */
  headers?: Readonly<Record<string, string>>;
  /** Responses in addition to those that all routes have (see `standardResponses`). */
  responses: Readonly<Record<number, DocumentedResponse>>;
}

/** Called by a handler as soon as it has identified the caller of a public route, for the audit log. */
export type Identified = (principal: Principal) => void;

/** A route of the application. The types of its parts were checked where the route was defined. */
export interface Route extends RouteSpec<z.ZodType, z.ZodType, z.ZodType> {
  effect: Effect;
  /** Runs before the transaction of a `write` route is opened. Its result is passed to `run` as `prepared`. */
  prepare?(context: Context<unknown, unknown, unknown>, identified: Identified): Promise<unknown>;
  run(
    context: WriteContext<unknown, unknown, unknown> & { prepared?: unknown },
    response: Response,
  ): Promise<Reply | undefined>;
}

type Spec<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = RouteSpec<P, Q, B>;
type Handler<C, R> = { handler(context: C): Promise<R> };

/** Declares a route that changes nothing. */
export function readRoute<
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
>(spec: Spec<P, Q, B> & Handler<Context<z.output<P>, z.output<Q>, z.output<B>>, Reply>): Route {
  const { handler, ...rest } = spec;
  return {
    ...rest,
    effect: 'read',
    run: (context) => handler(context as unknown as Context<z.output<P>, z.output<Q>, z.output<B>>),
  };
}

/**
 * Declares a route that changes something. `prepare` calls other systems before the transaction is opened, because a
 * transaction must not wait for them.
 */
export function writeRoute<
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
  R = undefined,
>(
  spec: Spec<P, Q, B> & {
    prepare?(context: Context<z.output<P>, z.output<Q>, z.output<B>>, identified: Identified): Promise<R>;
  } & Handler<WriteContext<z.output<P>, z.output<Q>, z.output<B>> & { prepared: R }, Reply>,
): Route {
  const { handler, prepare, ...rest } = spec;
  return {
    ...rest,
    effect: 'write',
    ...(prepare !== undefined && {
      prepare: (context: Context<unknown, unknown, unknown>, identified: Identified) =>
        prepare(context as Context<z.output<P>, z.output<Q>, z.output<B>>, identified),
    }),
    run: (context) =>
      handler(context as unknown as WriteContext<z.output<P>, z.output<Q>, z.output<B>> & { prepared: R }),
  };
}

/** Declares a route that receives events from outside. */
export function inboundRoute<B extends z.ZodType = z.ZodUndefined, P extends z.ZodType = z.ZodUndefined>(
  spec: Spec<P, z.ZodUndefined, B> & Handler<Context<z.output<P>, undefined, z.output<B>>, Reply>,
): Route {
  const { handler, ...rest } = spec;
  return {
    ...rest,
    effect: 'inbound',
    run: (context) => handler(context as unknown as Context<z.output<P>, undefined, z.output<B>>),
  };
}

/**
 * Declares a route that streams its response. Its handler writes to the response and resolves when the stream has
 * ended.
 */
export function streamRoute<P extends z.ZodType = z.ZodUndefined, Q extends z.ZodType = z.ZodUndefined>(
  spec: Spec<P, Q, z.ZodUndefined> & {
    handler(context: Context<z.output<P>, z.output<Q>, undefined>, response: Response): Promise<void>;
  },
): Route {
  const { handler, ...rest } = spec;
  return {
    ...rest,
    effect: 'stream',
    async run(context, response) {
      await handler(context as unknown as Context<z.output<P>, z.output<Q>, undefined>, response);
      return undefined;
    },
  };
}

/** Returns a JSON response. */
export function json(status: number, body: unknown, headers?: Reply['headers']): Reply {
  return headers === undefined ? { status, body } : { status, body, headers };
}
