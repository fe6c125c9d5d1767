import type { Express } from 'express';
import { createExpressApp } from './app';
import { createGatekeeper } from './auth/gatekeeper';
import { createRateLimiter } from './auth/rate-limit';
import type { ApiDeps } from './deps';
import { documentationRoutes } from './docs/routes';
import type { Route } from './http/route';
import { createCostGuard } from './http/cost-guard';
import { createServe } from './http/serve';
import { createWebUiCors } from './http/web-ui-cors';
import { createWebhookConsent } from './http/webhook-consent';
import type { ApiMetrics } from './metrics';
import { createRouteDeps } from './route-deps';
import { RESOURCES } from './routes/resources';

/** The REST API before it listens on a port. */
export interface Api {
  app: Express;
  /** All routes, with their permissions and documented responses. */
  routes: readonly Route[];
  /** Makes streams read new commits immediately instead of at their next poll. */
  wake(): void;
  /** Clears the cache of tokens. Call it after a token was revoked in any process. */
  forgetTokens(): void;
  /** Ends all streams. Other requests are allowed to finish. */
  close(): void;
  /** Starts counting ended runs for `/metrics`. */
  startMetrics: ApiMetrics['start'];
  /** Returns the metrics for `/metrics`. */
  collectMetrics: ApiMetrics['collect'];
  /**
   * Stops the threads that check documents, and closes the connections to the OpenID Connect provider. Call it after the
   * last request.
   */
  finish(): Promise<void>;
}

/** Creates the API from its dependencies. Does not open connections or ports. */
export function createApp(deps: ApiDeps): Api {
  const { clock, ids, log, settings } = deps;
  const shared = createRouteDeps(deps);
  const { db, authenticator, clientAddress, counters, metrics, feed, connections, work, dryRuns, validator } = shared;
  const ordinary = createRateLimiter(settings.rateLimit.perSecond, clock);
  const gatekeeper = createGatekeeper({
    ...{ authenticator, clock, clientAddress, ordinary },
    pool: deps.database.pool,
    rateLimit: settings.rateLimit,
    webUiOrigins: settings.codecOrigins ?? [],
  });
  const resources = [...RESOURCES.flatMap((routesOf) => routesOf(shared)), ...(deps.pluginRoutes ?? [])];
  const routes = [...resources, ...documentationRoutes(resources, settings.version)];
  const serve = createServe({
    ...{ db, clock, ids, log, counters, gatekeeper, clientAddress },
    costGuard: createCostGuard(ordinary),
    parseYaml: (text) => validator.parse(text),
    ingestMaxBytes: settings.ingestMaxBytes,
    checkAnswers: settings.checkAnswers ?? false,
    observe: (route, status, seconds) => metrics.observeRequest(route, status, seconds),
  });
  const consent = createWebhookConsent(settings.webhookOrigins ?? [], settings.rateLimit.ingestPerSecond * 60);
  return {
    app: createExpressApp(routes, serve, {
      ...{ log, consent, consoleDirectory: settings.consoleDirectory },
      codecCors: createWebUiCors(settings.codecOrigins ?? []),
    }),
    routes,
    wake: () => feed.wake(),
    forgetTokens: () => authenticator.forget(),
    close() {
      feed.close();
      connections.closeAll();
    },
    startMetrics: metrics.start,
    collectMetrics: metrics.collect,
    finish: async () => void (await Promise.all([work.close(), dryRuns.close(), deps.oidc?.close()])),
  };
}
