import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { FermataError } from '../domain/errors';
import type { Logger } from '../log';
import { sessionCookieOf } from './auth/session-cookie';
import { serveConsole } from './console/serve-console';
import { logRefusal, refusalOf, sendProblem } from './http/problem';
import type { Method, Route } from './http/route';
import type { WebhookConsent } from './http/webhook-consent';

/** Prefix of all paths except those of operations and documentation. */
export const BASE_PATH = '/api/v1';

interface AppOptions {
  log: Logger;
  /** Answers the `OPTIONS` requests in which CloudEvents senders request permission to deliver to an inbound route. */
  consent: WebhookConsent;
  /** Allows Temporal's Web UI to call the codec. */
  codecCors: (request: Request, response: Response, next: NextFunction) => void;
  /** Directory of the built console. If undefined, the console is not served. */
  consoleDirectory?: string | undefined;
}

type Handler = (request: Request, response: Response) => Promise<void>;

/** Creates the Express application for the routes. `serve` handles a request to one of them. */
export function createExpressApp(
  routes: readonly Route[],
  serve: (route: Route) => (request: Request, response: Response) => Promise<void>,
  { log, consent, codecCors, consoleDirectory }: AppOptions,
): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use(helmet({ contentSecurityPolicy: { directives: CONTENT_SECURITY_POLICY } }));
  if (consoleDirectory !== undefined) serveConsole(app, consoleDirectory);
  app.use(`${BASE_PATH}/codec`, codecCors);
  for (const [path, methods] of byPath(routes)) {
    const target = app.route(path);
    for (const [method, route] of methods) target[method](refusingAnonymous(route, serve(route)));
    const inbound = methods.get('post')?.effect === 'inbound';
    const allowed = [...methods.keys()].map((method) => method.toUpperCase());
    if (methods.has('get')) allowed.push('HEAD');
    target.all((request, response) => {
      if (inbound && consent(request, response)) return;
      response.setHeader('Allow', allowed.join(', '));
      const detail = `${request.method} is not possible here. Possible: ${allowed.join(', ')}.`;
      sendProblem(response, new FermataError('method_not_allowed', detail), '');
    });
  }
  app.use((request: Request, response: Response) => {
    sendProblem(response, new FermataError('not_found', `No route matches ${request.path}.`), '');
  });
  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const refusal = refusalOf(error);
    logRefusal(log, refusal, {});
    sendProblem(response, refusal, '');
  });
  return app;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Wraps the handler of a route that shares its path with an inbound POST route. Callers without credentials get 405
 * with `Allow: POST` instead of an error about a missing token. Paths that end with an id are excluded, because only
 * API clients use them.
 */
function refusingAnonymous(route: Route, run: Handler): Handler {
  if (route.refusesAnonymous !== true) return run;
  return async (request, response) => {
    const hasCredentials =
      request.headers.authorization !== undefined || sessionCookieOf(request.headers.cookie) !== undefined;
    if (hasCredentials || UUID.test(request.path.split('/').at(-1) ?? '')) return run(request, response);
    response.setHeader('Allow', 'POST');
    sendProblem(
      response,
      new FermataError('method_not_allowed', 'This address accepts only POST requests from senders.'),
      '',
    );
  };
}

/** Allows only pages, scripts and styles from this server, and requests to it. */
const CONTENT_SECURITY_POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  scriptSrcAttr: ["'none'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
  objectSrc: ["'none'"],
  // The server accepts plain HTTP; a proxy in front of it terminates TLS.
  upgradeInsecureRequests: null,
};

/**
 * Groups routes by Express path. Paths are matched in order, and inbound routes come first because they must be fast.
 * @throws {Error} when two routes have the same method and path
 */
function byPath(routes: readonly Route[]): Map<string, Map<Method, Route>> {
  const paths = new Map<string, Map<Method, Route>>();
  const ordered = [
    ...routes.filter((route) => route.effect === 'inbound'),
    ...routes.filter((route) => route.effect !== 'inbound' && !route.path.includes('{')),
    ...routes.filter((route) => route.effect !== 'inbound' && route.path.includes('{')),
  ];
  for (const route of ordered) {
    const path = expressPath(route);
    const methods = paths.get(path) ?? new Map<Method, Route>();
    if (methods.has(route.method)) throw new Error(`Two routes for ${route.method} ${path}`);
    paths.set(path, methods.set(route.method, route));
  }
  return paths;
}

function expressPath(route: Route): string {
  return `${route.atRoot ? '' : BASE_PATH}${route.path.replace(/\{(\w+)\}/g, ':$1')}`;
}
