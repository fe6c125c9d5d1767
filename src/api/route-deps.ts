import type { IncomingMessage } from 'node:http';
import { createProcessCounters } from '../process-counters';
import { createFiltersLacking } from '../domain/definition/filters-lacking';
import { lazily } from '../domain/lazily';
import { createAlertIntake } from '../edges/alerts/alert-intake';
import { createAttemptLimit } from './auth/attempt-limit';
import { createAuthenticator } from './auth/authenticate';
import { createOidcSessions } from './auth/oidc/sessions';
import { automationBodySchemas } from './automations/input';
import { createAutomationValidator } from './automations/validator';
import { createDocumentChecks } from './checks/document-checks';
import { createDocumentWork } from './checks/document-work';
import type { ApiDeps } from './deps';
import { createDryRunWork } from './dry-run/dry-run-work';
import { createClientAddress, createForwardedHttps } from './http/client-address';
import { repeatOnDeadlock } from './http/repeat-on-deadlock';
import { createApiMetrics } from './metrics';
import { createStreamConnections } from './stream/connection';
import { createFeed } from './stream/feed';

const DEFAULT_ROUTINGS_MS = 72 * 3_600_000;
const DEFAULT_METRICS_AUTOMATIONS = 100;

/** Dependencies of routes: the dependencies of the API, plus objects that several routes share. */
export type RouteDeps = ReturnType<typeof createRouteDeps>;

/** Creates the objects that routes share. Opens no connections. */
export function createRouteDeps(deps: ApiDeps) {
  const { clock, log, settings } = deps;
  const { db } = deps.database;
  const named = settings.metricsAutomations ?? DEFAULT_METRICS_AUTOMATIONS;
  const counters = createProcessCounters();
  const isForwardedHttps = createForwardedHttps(settings.trustedProxies);
  const { oidc, ids, cipher } = deps;
  const oidcSessions = oidc && createOidcSessions({ db, clock, ids, cipher, log, provider: oidc });
  const work = createDocumentWork({ checks: createDocumentChecks(deps), plugins: settings.plugins ?? [] });
  return {
    ...deps,
    db,
    counters,
    work,
    filtersLacking: createFiltersLacking(deps.filters, deps.registry),
    dryRuns: createDryRunWork({
      ...{ db, entities: deps.entities, plugins: settings.plugins ?? [] },
      timezone: settings.timezone ?? 'UTC',
    }),
    webUi: settings.webUi,
    routingsMs: settings.routingsMs ?? DEFAULT_ROUTINGS_MS,
    oidc,
    oidcSessions,
    authenticator: createAuthenticator({ db, clock, adminToken: settings.adminToken, oidcSessions }),
    attempts: createAttemptLimit(clock),
    clientAddress: createClientAddress(settings.trustedProxies),
    alertIntake: createAlertIntake({
      ...{ entities: deps.entities, clock, settings },
      transact: (work) => repeatOnDeadlock(() => db.transaction(work)),
    }),
    isSecure: (request: IncomingMessage) =>
      settings.publicUrl?.startsWith('https:') === true || isForwardedHttps(request),
    metrics: createApiMetrics({ db, counters, named }),
    feed: createFeed({ db, webUi: settings.webUi, log }),
    connections: createStreamConnections(),
    validator: createAutomationValidator({ work }),
    bodySchemas: lazily(() => automationBodySchemas(deps.registry)),
  };
}
