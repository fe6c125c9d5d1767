import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Executor } from '../../db/executor';
import type { Cause } from '../../domain/entities/change';
import type { Permission } from '../auth/permissions';
import type { Principal } from '../auth/principal';
import type { BodyFormat, BodySource } from './body';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** A documented answer. Without a schema, the answer has no body, or one of the type in `contentTypes`. */
export interface DocumentedResponse {
  description: string;
  schema?: z.ZodType;
  /** Default `application/json`; several when the answer depends on `Accept`. */
  contentTypes?: readonly string[];
}

/**
 * What a route does, which decides how it is run:
 * - `read`: nothing is changed; with `audited` it leaves an audit row anyway
 * - `write`: runs in one transaction together with its audit row and its Idempotency-Key; repeated after a deadlock
 * - `inbound`: events from outside; opens its own transaction, only refusals are audited, its own rate limit
 * - `stream`: the handler writes the response itself
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
  /** Set when the body was YAML. */
  source: BodySource | undefined;
}

/** The further context of a handler that writes. */
export interface WriteContext<P, Q, B> extends Context<P, Q, B> {
  tx: Executor;
  /** Called once after the commit. */
  afterCommit(callback: () => void): void;
}

/** An answer. A string body is sent unchanged, with `contentType`. */
export interface Reply {
  status: number;
  body?: unknown;
  contentType?: string;
  headers?: Record<string, string>;
  /** Stored instead of `body` for repeats with the same Idempotency-Key, when the answer shows a secret only once. */
  keep?: unknown;
}

interface RouteSpec<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  method: Method;
  /** OpenAPI style, below the base path: `/automations/{id}`. */
  path: string;
  /** Outside `/api/v1`. */
  atRoot?: boolean;
  permission: Permission | 'public';
  /** `<resource>.<verb>`; also the action in the audit log. */
  operationId: string;
  tag: string;
  summary: string;
  description?: string;
  params?: P;
  query?: Q;
  body?: B;
  bodyFormat?: BodyFormat;
  /** For a `public` route: needs valid credentials, but no permission. */
  authenticated?: boolean;
  /** false: `Idempotency-Key` is ignored, since the answer contains a secret that must not be stored. Default true. */
  replayable?: boolean;
  /** For a route that changes nothing: its calls are audited anyway, because they run code or use secrets. */
  audited?: boolean;
  /** Callers without any credentials get 405 with `Allow: POST`: senders post to the same address. */
  postsOnlyForStrangers?: boolean;
  /** Pages of the Web UI's origins may call it with the cookie of the console, without its CSRF token. */
  forWebUi?: boolean;
  /** Largest body; default 1 MB. */
  maxBodyBytes?: number;
  /**
   * Limits the calls of a token that may be in progress, and counts each as several requests. true: the work grows with
   * the body, and small bodies are not limited; `always`: any call may be expensive. Default false.
   */
  costly?: boolean | 'always';
  /** Body in the OpenAPI document, when the handler checks it more strictly than `body` does. */
  documentedBody?: z.ZodType | Record<string, unknown> | (() => Record<string, unknown>);
  /** Content types of the body in the OpenAPI document; default: those of `bodyFormat`. */
  bodyTypes?: readonly string[];
  /** Documented request headers, by name, with their effect. */
  headers?: Readonly<Record<string, string>>;
  /** Answers besides those of every route (see `standardResponses`). */
  responses: Readonly<Record<number, DocumentedResponse>>;
}

/** A route of the application. Its types were checked where it was defined. */
export interface Route extends RouteSpec<z.ZodType, z.ZodType, z.ZodType> {
  effect: Effect;
  run(context: WriteContext<unknown, unknown, unknown>, response: Response): Promise<Reply | undefined>;
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

/** Declares a route that changes something. */
export function writeRoute<
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
>(spec: Spec<P, Q, B> & Handler<WriteContext<z.output<P>, z.output<Q>, z.output<B>>, Reply>): Route {
  const { handler, ...rest } = spec;
  return {
    ...rest,
    effect: 'write',
    run: (context) => handler(context as unknown as WriteContext<z.output<P>, z.output<Q>, z.output<B>>),
  };
}

/** Declares a route that takes events from outside. */
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

/** Creates a route with a streamed answer: it writes to the response and resolves when that has ended. */
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

/** Returns a JSON answer. */
export function json(status: number, body: unknown, headers?: Record<string, string>): Reply {
  return headers === undefined ? { status, body } : { status, body, headers };
}
