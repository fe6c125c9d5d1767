import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createOidcProvider } from './api/auth/oidc/provider';
import { createApp, type Api } from './api/create-app';
import { createHttpServer } from './api/http/create-http-server';
import { pluginRoutes } from './api/plugin-host';
import { requireDatabaseUrl, requireSecretKey, type Config } from './config';
import { createAutomationStore } from './db/automation-store';
import { createDatabase, type Database } from './db/client';
import { followDatabaseClock, type DatabaseClock } from './db/database-clock';
import { createEntityStore } from './db/entity-store';
import { createNotifier, listen } from './db/notifier';
import { assertSchemaCurrent } from './db/schema-version';
import { uuidV7, type Clock } from './domain/clock';
import { createPluginFilters } from './domain/registry/plugin-filters';
import { createRegistry } from './domain/registry/registry';
import { createCipher, type Cipher } from './domain/secrets/cipher';
import { createLogger, type Logger } from './log';
import { connectionTypesOf } from './integrations/connections/connection-type';
import type { Action } from './integrations/contract';
import { createEgress, type Egress } from './edges/egress/egress';
import { createSns } from './edges/hooks/sns';
import { createEvaluator } from './evaluation/live-evaluator';
import { createBroadcast } from './engine/broadcast';
import type { EntityListener } from './domain/registry/entity-listener';
import { severityMap } from './domains/alert/severity-map';
import { startPlugins, type RunningPlugins } from './integrations/load-plugins';
import { createPostgresSecrets } from './integrations/secret-backend';
import { createPlugins } from './integrations/plugins';
import { warnOfSkew } from './telemetry/clock-skew';
import { createPackageSource } from './integrations/script/packages';
import { reportEnforcement, warnWithoutSandbox } from './integrations/script/sandbox-warning';
import { createScriptRunner, type ScriptRunner } from './integrations/script/script-runner';
import { projectRoot } from './project-root';
import { pushMetrics } from './telemetry/push-metrics';
import { createPayloadCodec } from './temporal/codec/payload-codec';
import { createTemporalProbe } from './temporal/temporal-probe';
import { packageVersion } from './package-version';

/** Milliseconds within which requests in progress can finish after a stop signal. */
const DRAIN_MS = 10_000;
/** Limits of scripts for `POST /scripts/test`. */
const SCRIPT_LIMITS = { atOnce: 4, maxWaiting: 16, waitMs: 30_000 };

/** An API process that is listening. */
export interface RunningApi {
  /** Base URL of the API, e.g. `http://127.0.0.1:8080`. */
  url: string;
  /** Stops accepting requests, waits for requests in progress, and closes the connections. */
  close(): Promise<void>;
}

/**
 * Starts an API process: creates its parts and listens.
 * @param standIn a clock that replaces the database's clock in `fermata test`
 * @throws {ConfigError | SchemaError} before the process listens
 */
export async function startApi(config: Config, standIn?: DatabaseClock): Promise<RunningApi> {
  const log = createLogger({ level: config.logLevel, name: 'api', format: config.logFormat });
  const databaseUrl = requireDatabaseUrl(config);
  const cipher = createCipher(requireSecretKey(config));
  const database = createDatabase(databaseUrl, {
    max: config.databasePool,
    applicationName: 'fermata api',
    onError: (error) => log.debug({ err: error }, 'a database connection broke'),
  });
  const probe = createTemporalProbe(config.temporal);
  const egress = createEgress({ allow: config.egressAllow, proxy: config.egressProxy });
  const scripts = createScriptRunner({
    ...{ egress, policy: config.scripts, packages: createPackageSource(database.db) },
    limits: SCRIPT_LIMITS,
  });
  warnWithoutSandbox(config.scripts, log);
  reportEnforcement(await scripts.enforcement(), log);
  let stopClock = (): void => undefined;
  const closeAll = async () => {
    stopClock();
    await Promise.allSettled([probe.close(), scripts.close(), egress.close(), database.close()]);
  };
  try {
    await assertSchemaCurrent(database);
    const clock = standIn ?? (await followDatabaseClock(database.db, { onSkew: warnOfSkew(log) }));
    stopClock = clock.stop;
    const backend = createPostgresSecrets({ db: database.db, cipher });
    const own = await startPlugins(config.plugins, egress, { log, clock, database, backend });
    const { api, listeners } = compose({
      ...{ config, clock, database, log, egress, scripts, cipher, own, checkTemporal: probe.check },
    });
    const broadcast = createBroadcast({ db: database.db, listeners, log });
    const changes = () => {
      api.wake();
      broadcast.poke();
    };
    const handlers = { changes, starts: api.wake, tokens: api.forgetTokens };
    const listener = listen(databaseUrl, handlers, { onSilent: database.suspectConnections });
    await api.startMetrics();
    const server = await serve(api, config);
    const identity = { service: 'fermata-api', instance: uuidV7.next() };
    const push = pushMetrics({ otlp: config.otlp, ...identity, collect: api.collectMetrics, log });
    const url = urlOf(server, config.host);
    log.info(`listening on ${url}`);
    return {
      url,
      async close() {
        log.info('stopping: finishing open requests');
        await Promise.all([drain(server, api), listener.close(), broadcast.stop()]);
        await push.stop();
        await api.finish();
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

interface Parts {
  config: Config;
  clock: Clock;
  database: Database;
  log: Logger;
  egress: Egress;
  scripts: ScriptRunner;
  cipher: Cipher;
  own: RunningPlugins;
  checkTemporal: () => Promise<void>;
}

function compose(parts: Parts): { api: Api; listeners: readonly EntityListener[] } {
  const { config, clock, database, log, egress, scripts, cipher, own, checkTemporal } = parts;
  const plugins = createPlugins({ egress, scripts, own: own.plugins });
  const registry = createRegistry<Action>(plugins);
  const filters = createPluginFilters(plugins, (message) => log.warn(message));
  const base = { clock, ids: uuidV7, registry };
  const entities = createEntityStore(base);
  const notifier = createNotifier(database.pool);
  const api = createApp({
    ...base,
    pluginRoutes: pluginRoutes(own, { db: database.db, entities, registry, notifier, clock, log }),
    ...{ database, log, cipher, checkTemporal },
    oidc: config.oidc && createOidcProvider({ ...config, settings: config.oidc, clock, log }),
    codec: createPayloadCodec({ keys: requireSecretKey(config), encrypts: config.codec === 'aes-gcm' }),
    notifier,
    filters,
    plugins,
    externalPlugins: new Set(own.plugins.map(({ id }) => id)),
    connectionTypes: connectionTypesOf(plugins),
    systemRemovedHooks: plugins.flatMap(({ onSystemRemoved }) => onSystemRemoved ?? []),
    scripts,
    sns: createSns({ egress, certificates: certificatesFrom(config.snsCertificates) }),
    entities,
    evaluator: createEvaluator({ entities, filters, clock, timezone: config.timezone }),
    automations: createAutomationStore(base),
    settings: {
      version: packageVersion(),
      publicUrl: config.publicUrl,
      consoleDirectory: config.console ? join(projectRoot(), 'dist', 'console') : undefined,
      adminToken: config.adminToken,
      plugins: config.plugins,
      inForce: config.inForce,
      codecOrigins: config.codecOrigins,
      timezone: config.timezone,
      webhookOrigins: config.webhookOrigins,
      rateLimit: config.rateLimit,
      webUi: { baseUrl: config.temporal.uiUrl, namespace: config.temporal.namespace },
      ingestMaxBytes: config.ingestMaxBytes,
      trustedProxies: config.trustedProxies,
      alerts: { systemLabels: config.alerts.systemLabels, severities: severityMap(config.alerts.severities) },
      routingsMs: config.retention.routingsMs,
      metricsAutomations: config.metricsAutomations,
    },
  });
  return { api, listeners: registry.listeners() };
}

/**
 * Returns the content of a file with certificates, or undefined if no file is given.
 * @throws {Error} when the file cannot be read
 */
const certificatesFrom = (file: string | undefined): string | undefined =>
  file === undefined ? undefined : readFileSync(file, 'utf8');

async function serve(api: Api, config: Config): Promise<Server> {
  const server = createHttpServer(api.app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.port, config.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return server;
}

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function drain(server: Server, api: Api): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  api.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(timer);
}
