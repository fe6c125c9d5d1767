import { resolve } from 'node:path';
import { z } from 'zod';
import { OIDC_SETTINGS, oidcSettings, type OidcSettings } from './api/auth/oidc/settings';
import { buildIdOf } from './build-id';
import { DEFAULT_SEVERITY_RULES, SeverityRules } from './domains/alert/severity-map';
import { readProxySettings, type ProxySettings } from './edges/egress/proxy-settings';
import { isAddressRange } from './domain/address-range';
import { explain } from './domain/validation/explain';
import { days, hostsAndRanges, httpUrl, integer, isTimeZone, list } from './setting-schemas';
import { buildId, deploymentName, origins, originsOf, postgresUrl, secretKeys } from './setting-schemas';
import { isSecretSetting, settingsInForce, type SettingInForce } from './settings-in-force';
import { OtlpCompression, OtlpHeaders, otlpSettings, type OtlpSettings } from './telemetry/otlp-settings';
import { defaultSizes, SIZE_SETTINGS, thisMachine, workerSizes, type WorkerSizes } from './worker-sizes';

const HOUR_MS = 3_600_000;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Thrown when the environment is invalid. The message names every invalid setting, but never repeats a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** All environment variables, as text. An empty variable counts as unset. `.env.example` lists them all. */
const Environment = z.object({
  FERMATA_HOST: z.string().default('127.0.0.1'),
  FERMATA_PORT: integer(0, 65_535).prefault('8080'),
  FERMATA_PUBLIC_URL: httpUrl.optional(),
  FERMATA_CONSOLE: z.enum(['on', 'off'], 'must be on or off').default('on'),
  ...OIDC_SETTINGS,
  FERMATA_METRICS_PORT: integer(1, 65_535).optional(),
  FERMATA_METRICS_HOST: z.string().default('127.0.0.1'),
  FERMATA_METRICS_AUTOMATIONS: integer(0, 2_000).prefault('100'),
  FERMATA_HOME: z.string().default('.fermata'),
  DATABASE_URL: postgresUrl.optional(),
  FERMATA_DB_POOL: integer(2, 1_000).optional(),
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s/:]+:\d+$|^\[[0-9a-fA-F:]+\]:\d+$/, 'must be host:port')
    .optional(),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  FERMATA_TEMPORAL_UI_URL: httpUrl.optional(),
  FERMATA_SEARCH_ATTRIBUTES: z.enum(['register', 'registered'], 'must be register or registered').default('register'),
  FERMATA_TASK_QUEUE: z.string().default('fermata'),
  ...SIZE_SETTINGS,
  FERMATA_DEPLOYMENT_NAME: deploymentName.optional(),
  FERMATA_BUILD_ID: buildId.optional(),
  FERMATA_SHUTDOWN_SECONDS: integer(1, 3_600).prefault('25'),
  FERMATA_SECRET_KEY: secretKeys.optional(),
  FERMATA_CODEC: z.enum(['none', 'aes-gcm'], 'must be none or aes-gcm').default('none'),
  FERMATA_CODEC_ORIGINS: origins.optional(),
  FERMATA_ADMIN_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  FERMATA_TIMEZONE: z.string().refine(isTimeZone, 'must be an IANA time zone, e.g. Europe/Berlin').default('UTC'),
  FERMATA_EGRESS_ALLOW: hostsAndRanges.prefault(''),
  FERMATA_EGRESS_PROXY: z.string().default('env'),
  FERMATA_PLUGINS: list.prefault(''),
  FERMATA_SCRIPT_SANDBOX: z.enum(['bubblewrap', 'none'], 'must be bubblewrap or none').default('bubblewrap'),
  FERMATA_SCRIPT_NETWORK: z.enum(['true', 'false'], 'must be true or false').default('false'),
  FERMATA_SCRIPT_BUBBLEWRAP: z.string().startsWith('/', 'must be an absolute path').optional(),
  FERMATA_SCRIPT_CGROUP: z
    .string()
    .regex(/^(auto|none|\/.*)$/, 'must be auto, none or an absolute path')
    .default('auto'),
  FERMATA_SCRIPT_SLOTS: integer(1, 1_000).prefault('8'),
  FERMATA_RATE_LIMIT: integer(1, 1_000_000).prefault('200'),
  FERMATA_INGEST_RATE_LIMIT: integer(1, 1_000_000).prefault('5000'),
  FERMATA_INGEST_MAX_BYTES: integer(1_024, 1_073_741_824).prefault('16777216'),
  FERMATA_WEBHOOK_ORIGINS: list.prefault('eventgrid.azure.net'),
  FERMATA_TRUSTED_PROXIES: list
    .refine((items) => items.every(isAddressRange), 'must be a comma-separated list of addresses or CIDR ranges')
    .prefault(''),
  FERMATA_ALERTMANAGER_LABEL: list
    .refine((items) => items.length > 0, 'must name at least one label')
    .prefault('system,service,job,instance'),
  FERMATA_ALERT_SEVERITIES: SeverityRules.prefault(DEFAULT_SEVERITY_RULES),
  FERMATA_ALERT_STALE_MINUTES: integer(1, 525_600).optional(),
  FERMATA_SNS_CERTIFICATES: z.string().optional(),
  FERMATA_RETENTION_RUNS_DAYS: days(30),
  FERMATA_RETENTION_RUNS_MIN: integer(0, 1_000_000).prefault('100'),
  FERMATA_RETENTION_TRANSITIONS_DAYS: days(90),
  FERMATA_RETENTION_CHANGES_DAYS: days(7),
  FERMATA_RETENTION_ROUTINGS_HOURS: integer(0, 876_000)
    .prefault('72')
    .transform((n) => n * HOUR_MS),
  FERMATA_RETENTION_ALERTS_DAYS: days(30),
  FERMATA_RETENTION_EVALUATIONS: integer(1, 1_000_000).prefault('200'),
  FERMATA_RETENTION_NOTIFICATIONS_DAYS: days(90),
  FERMATA_RETENTION_INCIDENTS_DAYS: days(730),
  FERMATA_RETENTION_VERSIONS: integer(1, 1_000_000).prefault('100'),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  FERMATA_LOG_FORMAT: z.enum(['json', 'text'], 'must be json or text').optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  OTEL_EXPORTER_OTLP_HEADERS: OtlpHeaders.optional(),
  OTEL_EXPORTER_OTLP_COMPRESSION: OtlpCompression.default('none'),
});

/** Settings for tests of Fermata itself. They are not documented for operators, and ignored if they are malformed. */
const Testing = z.object({
  /** The point at which the process kills, suspends or blocks itself (`failpoint.ts`). */
  FERMATA_FAILPOINT: z.string().optional(),
  /** Number of history events after which a run continues as new. */
  FERMATA_CONTINUE_AFTER: integer(1, 1_000_000).optional(),
});

/** Names of all settings, in the order of `.env.example`. */
export const SETTINGS = Object.keys(Environment.shape);

/** Defaults of all settings, as text. */
const DEFAULTS = Object.fromEntries(
  Object.entries(Environment.shape).map(([name, schema]) => {
    const preset: unknown = 'defaultValue' in schema.def ? schema.def.defaultValue : defaultBelow(schema);
    return [name, typeof preset === 'string' ? preset : undefined];
  }),
);

/** Returns the default of a setting whose text is transformed after the default has been applied. */
function defaultBelow(schema: z.ZodType): unknown {
  const input = schema instanceof z.ZodPipe ? schema.def.in : undefined;
  return input !== undefined && 'defaultValue' in input._zod.def ? input._zod.def.defaultValue : undefined;
}

const textsOf = (sizes: ReturnType<typeof defaultSizes>) =>
  Object.fromEntries(Object.entries(sizes).map(([name, size]) => [name, String(size)]));

/** How much data is kept: periods in milliseconds, and numbers of rows. */
export interface RetentionConfig {
  /** Age above which terminal runs are removed. */
  runsMs: number;
  /** Number of newest runs per automation that are kept even if they are older than `runsMs`. */
  runsMinPerAutomation: number;
  transitionsMs: number;
  changesMs: number;
  /** How long routings are kept; 0 = routings are not recorded. */
  routingsMs: number;
  /** How long resolved alerts are kept after their end. */
  alertsMs: number;
  evaluationsPerAutomation: number;
  notificationsMs: number;
  /** How long resolved incidents and ended maintenances are kept. */
  incidentsMs: number;
  /** Number of newest versions per automation that are kept even if they are older than `runsMs`. */
  versionsMinPerAutomation: number;
}

/** The parsed environment. Absent optional settings are `undefined`. */
export interface Config {
  host: string;
  port: number;
  /** Address at which browsers reach the API; undefined = unknown. */
  publicUrl: string | undefined;
  /** Whether the API serves the console. */
  console: boolean;
  /** Sign-in with OpenID Connect; undefined = not configured. */
  oidc: OidcSettings | undefined;
  /** Port of a worker's metrics; undefined = metrics are not served. */
  metricsPort: number | undefined;
  /** Number of automations that `fermata_runs_total` shows by name. */
  metricsAutomations: number;
  /** Address at which a worker serves its metrics and health. They require no token. */
  metricsHost: string;
  /** Absolute path of the state directory of `fermata dev`. */
  home: string;
  databaseUrl: string | undefined;
  /** Maximum number of connections of one process to Postgres, not counting the connection for LISTEN. */
  databasePool: number;
  /** `@temporalio/envconfig` reads Temporal's address and credentials from the same environment. */
  temporal: {
    address: string | undefined;
    namespace: string;
    uiUrl: string | undefined;
    /**
     * `registered`: the operator has registered the search attributes, as on Temporal Cloud. They are used without a
     * check.
     */
    searchAttributes: 'register' | 'registered';
  };
  taskQueue: string;
  /** Concurrency limits of a worker process. */
  workerSizes: WorkerSizes;
  /** The release of this process's workers; undefined = workers are not versioned. */
  deployment: { name: string; buildId: string } | undefined;
  /** Maximum time in milliseconds for a worker to stop after a signal. */
  shutdownMs: number;
  /** Keys of 32 bytes each. The first key encrypts, and all keys decrypt. */
  secretKeys: Buffer[] | undefined;
  /** Encryption of payloads in Temporal's histories. */
  codec: 'none' | 'aes-gcm';
  /** Origins of web pages that may call `/codec`. */
  codecOrigins: string[];
  adminToken: string | undefined;
  timezone: string;
  /** Host names, addresses and CIDR ranges that webhooks may reach in addition to public addresses. */
  egressAllow: string[];
  /** Proxies for outgoing HTTP requests. */
  egressProxy: ProxySettings;
  /** Modules of custom plugins: packages, or paths relative to the directory in which the process was started. */
  plugins: string[];
  /**
   * How scripts of automations are run. `bubblewrap` is its path; undefined = the first that is found in the usual
   * places. `cgroup` is `auto`, `none` or the path of a delegated cgroup.
   */
  scripts: { sandbox: 'bubblewrap' | 'none'; network: boolean; bubblewrap: string | undefined; cgroup: string };
  /** Maximum number of concurrent scripts in a worker. */
  scriptSlots: number;
  /** Maximum number of requests per second and token, on ordinary routes and on inbound routes. */
  rateLimit: { perSecond: number; ingestPerSecond: number };
  /** Maximum size of the body of inbound requests in bytes, after decompression. */
  ingestMaxBytes: number;
  /** Senders of CloudEvents that may deliver after the webhook handshake; `*` = all senders. */
  webhookOrigins: string[];
  /** Addresses and CIDR ranges whose `X-Forwarded-For` and `X-Forwarded-Proto` are trusted. */
  trustedProxies: string[];
  alerts: {
    /** Labels of an alert that may name its system. The first of these labels that the alert has is used. */
    systemLabels: string[];
    /** Maps severities, in lower case, to the health of the system; null = no effect, `*` = all other severities. */
    severities: z.output<typeof SeverityRules>;
    /** Milliseconds without a message from its sender after which a firing alert is resolved; undefined = never. */
    staleMs: number | undefined;
  };
  /** File with Amazon SNS certificates. If set, the certificates are not downloaded. */
  snsCertificates: string | undefined;
  retention: RetentionConfig;
  logLevel: (typeof LOG_LEVELS)[number];
  /** Undefined = text on a terminal, otherwise JSON. */
  logFormat: 'json' | 'text' | undefined;
  /** The collector that receives metrics; undefined = none. */
  otlp: OtlpSettings | undefined;
  /** All settings as text, without secrets. */
  inForce: readonly SettingInForce[];
  /** For tests of Fermata itself. */
  testing: {
    failpoint: string | undefined;
    continueAfter: number | undefined;
  };
}

/** Settings that some processes require, each with the text that follows its name in the error message. */
const REQUIRED = {
  DATABASE_URL:
    'is not set. Name a Postgres 15 or newer, e.g. postgres://user:password@host:5432/fermata, or use "fermata dev", which starts one.',
  FERMATA_SECRET_KEY:
    'is not set. Make one with "openssl rand -base64 32", keep it safe and set the same one for every api and worker process.',
} as const;

/**
 * Parses the environment. Throws a `ConfigError` that names every invalid setting, and every setting in `required` that
 * is unset.
 */
export function loadConfig(
  env: Record<string, string | undefined>,
  required: readonly (keyof typeof REQUIRED)[] = [],
  machine = thisMachine(),
): Config {
  const sizes = defaultSizes(machine);
  const present = Object.fromEntries(
    SETTINGS.flatMap((name) => {
      const value = env[name]?.trim();
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
  const parsed = explain(Environment, present, ([name]) => isSecretSetting(String(name), present));
  const wrong = parsed.success ? [] : parsed.problems.map(({ path, message }) => `${path.join('.')} ${message}`);
  const data = parsed.success ? parsed.data : undefined;
  const proxy = proxyOf(data?.FERMATA_EGRESS_PROXY ?? 'env', env, wrong);
  if (data?.FERMATA_CODEC === 'aes-gcm' && data.FERMATA_SECRET_KEY === undefined) {
    wrong.push('FERMATA_CODEC encrypts with FERMATA_SECRET_KEY, which is not set');
  }
  const oidc = data && oidcSettings(data, wrong);
  const missing = required.filter((name) => !Object.hasOwn(present, name)).map((name) => `${name} ${REQUIRED[name]}`);
  const lines = [...new Set([...wrong, ...missing])];
  if (lines.length === 0 && data) {
    const inForce = settingsInForce({ ...DEFAULTS, ...textsOf(sizes) }, present);
    return { ...fromEnvironment(data, sizes), oidc, egressProxy: proxy, inForce, testing: testingOf(env) };
  }
  throw new ConfigError(
    lines.length === 1 && missing.length === 1
      ? `${lines[0]}`
      : `The configuration is not valid:\n${lines.map((line) => `  ${line}`).join('\n')}`,
  );
}

/** Returns the proxy settings, which come from several variables. Errors are added to `wrong`. */
function proxyOf(setting: string, env: Record<string, string | undefined>, wrong: string[]): ProxySettings {
  try {
    return readProxySettings(setting, env);
  } catch (error) {
    wrong.push(error instanceof Error ? error.message : String(error));
    return readProxySettings('none', {});
  }
}

/**
 * Returns the environment variables for `fermata test` without checking them. The service that the command starts
 * checks them as settings.
 */
export function testEnvironment(env: Record<string, string | undefined>) {
  const { FERMATA_PLUGINS: plugins, FERMATA_TIMEZONE: timezone, FERMATA_TEST_LOG_LEVEL: logLevel } = env;
  return { plugins, timezone, logLevel };
}

function testingOf(env: Record<string, string | undefined>): Config['testing'] {
  const { data } = Testing.safeParse(env);
  return {
    failpoint: data?.FERMATA_FAILPOINT,
    continueAfter: data?.FERMATA_CONTINUE_AFTER,
  };
}

function deploymentOf(env: z.infer<typeof Environment>): Config['deployment'] {
  const { FERMATA_DEPLOYMENT_NAME: name, FERMATA_BUILD_ID: buildId } = env;
  return name === undefined ? undefined : { name, buildId: buildId ?? buildIdOf() };
}

function retentionOf(env: z.infer<typeof Environment>): RetentionConfig {
  return {
    runsMs: env.FERMATA_RETENTION_RUNS_DAYS,
    runsMinPerAutomation: env.FERMATA_RETENTION_RUNS_MIN,
    transitionsMs: env.FERMATA_RETENTION_TRANSITIONS_DAYS,
    changesMs: env.FERMATA_RETENTION_CHANGES_DAYS,
    routingsMs: env.FERMATA_RETENTION_ROUTINGS_HOURS,
    alertsMs: env.FERMATA_RETENTION_ALERTS_DAYS,
    evaluationsPerAutomation: env.FERMATA_RETENTION_EVALUATIONS,
    notificationsMs: env.FERMATA_RETENTION_NOTIFICATIONS_DAYS,
    incidentsMs: env.FERMATA_RETENTION_INCIDENTS_DAYS,
    versionsMinPerAutomation: env.FERMATA_RETENTION_VERSIONS,
  };
}

function fromEnvironment(
  env: z.infer<typeof Environment>,
  sizes: ReturnType<typeof defaultSizes>,
): Omit<Config, 'oidc' | 'egressProxy' | 'inForce' | 'testing'> {
  return {
    host: env.FERMATA_HOST,
    port: env.FERMATA_PORT,
    publicUrl: env.FERMATA_PUBLIC_URL,
    console: env.FERMATA_CONSOLE === 'on',
    metricsPort: env.FERMATA_METRICS_PORT,
    metricsHost: env.FERMATA_METRICS_HOST,
    metricsAutomations: env.FERMATA_METRICS_AUTOMATIONS,
    home: resolve(env.FERMATA_HOME),
    databaseUrl: env.DATABASE_URL,
    databasePool: env.FERMATA_DB_POOL ?? sizes.FERMATA_DB_POOL,
    temporal: {
      address: env.TEMPORAL_ADDRESS,
      namespace: env.TEMPORAL_NAMESPACE,
      uiUrl: env.FERMATA_TEMPORAL_UI_URL,
      searchAttributes: env.FERMATA_SEARCH_ATTRIBUTES,
    },
    taskQueue: env.FERMATA_TASK_QUEUE,
    shutdownMs: env.FERMATA_SHUTDOWN_SECONDS * 1_000,
    workerSizes: workerSizes(env, sizes),
    deployment: deploymentOf(env),
    secretKeys: env.FERMATA_SECRET_KEY,
    codec: env.FERMATA_CODEC,
    codecOrigins: env.FERMATA_CODEC_ORIGINS ?? originsOf(env.FERMATA_TEMPORAL_UI_URL),
    adminToken: env.FERMATA_ADMIN_TOKEN,
    timezone: env.FERMATA_TIMEZONE,
    egressAllow: env.FERMATA_EGRESS_ALLOW,
    plugins: env.FERMATA_PLUGINS,
    scripts: {
      sandbox: env.FERMATA_SCRIPT_SANDBOX,
      network: env.FERMATA_SCRIPT_NETWORK === 'true',
      bubblewrap: env.FERMATA_SCRIPT_BUBBLEWRAP,
      cgroup: env.FERMATA_SCRIPT_CGROUP,
    },
    scriptSlots: env.FERMATA_SCRIPT_SLOTS,
    rateLimit: { perSecond: env.FERMATA_RATE_LIMIT, ingestPerSecond: env.FERMATA_INGEST_RATE_LIMIT },
    ingestMaxBytes: env.FERMATA_INGEST_MAX_BYTES,
    webhookOrigins: env.FERMATA_WEBHOOK_ORIGINS,
    trustedProxies: env.FERMATA_TRUSTED_PROXIES,
    alerts: {
      systemLabels: env.FERMATA_ALERTMANAGER_LABEL,
      severities: env.FERMATA_ALERT_SEVERITIES,
      staleMs: env.FERMATA_ALERT_STALE_MINUTES === undefined ? undefined : env.FERMATA_ALERT_STALE_MINUTES * 60_000,
    },
    snsCertificates: env.FERMATA_SNS_CERTIFICATES,
    retention: retentionOf(env),
    logLevel: env.LOG_LEVEL,
    logFormat: env.FERMATA_LOG_FORMAT,
    otlp: otlpSettings(env),
  };
}

/** Returns the keys that protect secrets, for `api` and `worker`. Throws a `ConfigError` when they are unset. */
export function requireSecretKey(config: Config): Buffer[] {
  if (config.secretKeys !== undefined) return config.secretKeys;
  throw new ConfigError(`FERMATA_SECRET_KEY ${REQUIRED.FERMATA_SECRET_KEY}`);
}

/** Returns the database URL for `api`, `worker` and `migrate`. Throws a `ConfigError` when it is unset. */
export function requireDatabaseUrl(config: Config): string {
  if (config.databaseUrl !== undefined) return config.databaseUrl;
  throw new ConfigError(`DATABASE_URL ${REQUIRED.DATABASE_URL}`);
}
