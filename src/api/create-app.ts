import type { Express } from 'express';
import { createExpressApp } from './app';
import { createAuthenticator } from './auth/authenticate';
import { createAttemptLimit } from './auth/attempt-limit';
import { createGatekeeper } from './auth/gatekeeper';
import { createRateLimiter } from './auth/rate-limit';
import { createDocumentChecks } from './checks/document-checks';
import { createDocumentWork } from './checks/document-work';
import type { ApiDeps } from './deps';
import { documentationRoutes } from './docs/routes';
import type { Route } from './http/route';
import { createClientAddress } from './http/client-address';
import { createCostGuard } from './http/cost-guard';
import { createServe } from './http/serve';
import { createWebhookConsent } from './http/webhook-consent';
import { createFleetCounters } from '../db/fleet-counters';
import { createApiMetrics, type ApiMetrics } from './metrics';
import { automationBodySchemas } from './automations/input';
import { createAutomationValidator } from './automations/validator';
import { auditRoutes } from './routes/audit';
import { alertHookRoutes } from './routes/alert-hooks';
import { alertIngestRoutes } from './routes/alert-ingest';
import { alertRoutes } from './routes/alerts';
import { refusedDeliveryRoutes } from './routes/refused-deliveries';
import { automationEvaluationRoutes } from './routes/automation-evaluations';
import { automationStatusRoutes } from './routes/automation-status';
import { automationValidationRoutes } from './routes/automation-validation';
import { automationVersionRoutes } from './routes/automation-versions';
import { automationRoutes } from './routes/automations';
import { changeRoutes } from './routes/changes';
import { changeLookupRoutes } from './routes/change-lookup';
import { automationExplainRoutes } from './routes/automation-explain';
import { dryRunRoutes } from './routes/dry-runs';
import { connectionCallRoutes } from './routes/connection-calls';
import { connectionRoutes } from './routes/connections';
import { entityAutomationRoutes } from './routes/entity-automations';
import { entityHistoryRoutes } from './routes/entity-history';
import { entityKindRoutes } from './routes/entity-kinds';
import { entityRoutes } from './routes/entities';
import { gitOpsRoutes } from './routes/gitops';
import { healthAssignmentRoutes } from './routes/health-assignments';
import { healthRoutes } from './routes/health';
import { waitRoutes } from './routes/waits';
import { dwellRoutes } from './routes/dwells';
import { migrationFailureRoutes } from './routes/migration-failures';
import { notificationRoutes } from './routes/notifications';
import { dependencyRoutes } from './routes/dependencies';
import { sessionRoutes } from './routes/session';
import { satelliteRoutes } from './routes/satellites';
import { sloRoutes } from './routes/slos';
import { systemGroupRoutes } from './routes/system-groups';
import { scriptTestRoutes } from './routes/script-test';
import { scriptPackageRoutes } from './routes/script-packages';
import { secretRoutes } from './routes/secrets';
import { hookRoutes } from './routes/hooks';
import { inboundRoutes } from './routes/inbound';
import { incidentRoutes } from './routes/incidents';
import { maintenanceRoutes } from './routes/maintenances';
import { manualRunRoutes } from './routes/manual-runs';
import { diagnosisRoutes } from './routes/diagnosis';
import { operationsRoutes } from './routes/operations';
import { receiveHookRoute } from './routes/receive-hook';
import { registryRoutes } from './routes/registry';
import { runRetryRoutes } from './routes/run-retries';
import { runScopeRoutes } from './routes/run-scope';
import { runRoutes } from './routes/runs';
import { slackHookRoute } from './routes/slack-hook';
import { statsRoutes } from './routes/stats';
import { streamRoutes } from './routes/streams';
import { systemRoutes } from './routes/systems';
import { templateRoutes } from './routes/templates';
import { tokenRoutes } from './routes/tokens';
import { createStreamConnections } from './stream/connection';
import { createFeed } from './stream/feed';

const DEFAULT_ROUTINGS_MS = 72 * 3_600_000;

/** The REST API, not yet listening. */
export interface Api {
  app: Express;
  /** All routes with their permissions and documented answers. */
  routes: readonly Route[];
  /** Something was committed somewhere: streams look now instead of at their next poll. */
  wake(): void;
  /** A token was revoked somewhere. */
  forgetTokens(): void;
  /** Ends all streams; other requests are left to finish. */
  close(): void;
  /** Metrics of this process alone. */
  collectMetrics: ApiMetrics['collect'];
  /** To be called behind the last request: keeps what was counted. */
  finish(): Promise<void>;
}

/** Builds the API from its dependencies. Opens no connection and no port. */
export function createApp(deps: ApiDeps): Api {
  const { database, clock, log, settings } = deps;
  const { db } = database;
  const authenticator = createAuthenticator({ db, clock, adminToken: settings.adminToken });
  const clientAddress = createClientAddress(settings.trustedProxies);
  const ordinary = createRateLimiter(settings.rateLimit.perSecond, clock);
  const gatekeeper = createGatekeeper({
    ...{ authenticator, clock, clientAddress, ordinary },
    pool: database.pool,
    rateLimit: settings.rateLimit,
  });
  const fleet = createFleetCounters({ db, log });
  const metrics = createApiMetrics({ db, fleet });
  const feed = createFeed({ db, webUi: settings.webUi, log });
  const connections = createStreamConnections();
  const work = createDocumentWork({ checks: createDocumentChecks(deps), plugins: settings.plugins ?? [] });
  const validator = createAutomationValidator({ work });
  const bodySchemas = automationBodySchemas(deps.registry);
  const attempts = createAttemptLimit(clock);
  const isSecure = () => settings.publicUrl?.startsWith('https:') === true;
  const own = {
    clientAddress,
    fleet,
    authenticator,
    attempts,
    isSecure,
    metrics,
    feed,
    connections,
    work,
    validator,
    bodySchemas,
  };
  const shared = { ...deps, ...own, db, webUi: settings.webUi, routingsMs: settings.routingsMs ?? DEFAULT_ROUTINGS_MS };
  const resources: Route[] = [
    ...automationRoutes(shared),
    ...manualRunRoutes(shared),
    ...dryRunRoutes(shared),
    ...automationStatusRoutes(shared),
    ...automationVersionRoutes(shared),
    ...automationEvaluationRoutes(shared),
    ...automationValidationRoutes(shared),
    ...gitOpsRoutes(shared),
    ...runRoutes(shared),
    ...runRetryRoutes(shared),
    ...statsRoutes(shared),
    ...runScopeRoutes(shared),
    ...streamRoutes(shared),
    ...entityRoutes(shared),
    ...entityHistoryRoutes(shared),
    ...entityAutomationRoutes(shared),
    ...entityKindRoutes(shared),
    ...inboundRoutes(shared),
    ...alertIngestRoutes(shared),
    ...alertHookRoutes(shared),
    ...refusedDeliveryRoutes(shared),
    ...alertRoutes(shared),
    receiveHookRoute(shared),
    slackHookRoute(shared),
    ...dwellRoutes(shared),
    ...waitRoutes(shared),
    ...hookRoutes(shared),
    ...secretRoutes(shared),
    ...notificationRoutes(shared),
    ...scriptTestRoutes(shared),
    ...scriptPackageRoutes(shared),
    ...connectionRoutes(shared),
    ...connectionCallRoutes(shared),
    ...changeRoutes(shared),
    ...changeLookupRoutes(shared),
    ...automationExplainRoutes(shared),
    ...migrationFailureRoutes(shared),
    ...systemRoutes(shared),
    ...systemGroupRoutes(shared),
    ...dependencyRoutes(shared),
    ...sloRoutes(shared),
    ...satelliteRoutes(shared),
    // Before /health/{systemId}.
    ...healthAssignmentRoutes(shared),
    ...healthRoutes(shared),
    ...incidentRoutes(shared),
    ...maintenanceRoutes(shared),
    ...registryRoutes(shared),
    ...templateRoutes(shared),
    ...tokenRoutes(shared),
    ...sessionRoutes(shared),
    ...auditRoutes(shared),
    ...operationsRoutes(shared),
    ...diagnosisRoutes(shared),
    ...(deps.pluginRoutes ?? []),
  ];
  const routes = [...resources, ...documentationRoutes(resources, settings.version)];
  const serve = createServe({
    ...{ db, clock, log, gatekeeper, clientAddress },
    costGuard: createCostGuard(ordinary),
    parseYaml: (text) => validator.parse(text),
    ingestMaxBytes: settings.ingestMaxBytes,
    checkAnswers: settings.checkAnswers ?? false,
    observe: (route, status, seconds) => metrics.observeRequest(route, status, seconds),
  });
  const consent = createWebhookConsent(settings.webhookOrigins ?? [], settings.rateLimit.ingestPerSecond * 60);
  return {
    app: createExpressApp(routes, serve, { log, consent, consoleDirectory: settings.consoleDirectory }),
    routes,
    wake: () => feed.wake(),
    forgetTokens: () => authenticator.forget(),
    close() {
      feed.close();
      connections.closeAll();
    },
    collectMetrics: metrics.collect,
    finish: async () => void (await Promise.all([fleet.stop(), work.close()])),
  };
}
