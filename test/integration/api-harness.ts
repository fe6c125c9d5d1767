import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createOidcProvider } from '../../src/api/auth/oidc/provider';
import type { OidcSettings } from '../../src/api/auth/oidc/settings';
import { createApp, type Api } from '../../src/api/create-app';
import type { ApiSettings } from '../../src/api/deps';
import { readProxySettings } from '../../src/edges/egress/proxy-settings';
import { createHttpServer } from '../../src/api/http/create-http-server';
import { createAutomationStore } from '../../src/db/automation-store';
import { createDatabase, type Database } from '../../src/db/client';
import { createEntityStore } from '../../src/db/entity-store';
import { createNotifier } from '../../src/db/notifier';
import { systemClock, uuidV7, type Clock } from '../../src/domain/clock';
import { createFilterRegistry } from '../../src/domain/expressions/filter-registry';
import { createRegistry } from '../../src/domain/registry/registry';
import { createCipher } from '../../src/domain/secrets/cipher';
import { createLogger } from '../../src/log';
import { connectionTypesOf } from '../../src/integrations/connections/connection-type';
import type { Action } from '../../src/integrations/contract';
import { createEvaluator } from '../../src/evaluation/live-evaluator';
import { DEFAULT_SEVERITY_RULES, severityMap, SeverityRules } from '../../src/domains/alert/severity-map';
import { createTestDatabase } from '../support/database';
import { createEgress } from '../../src/edges/egress/egress';
import { createSns, type Sns } from '../../src/edges/hooks/sns';
import { testPlugins, testScripts } from '../support/plugins';

export const ADMIN_TOKEN = 'admin-token-for-tests';
export const BASE = '/api/v1';

/** A response of the API. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body, or `{}` if it is not JSON. */
  body: Record<string, unknown>;
}

export interface CallOptions {
  /** Null sends no token. Default: the bootstrap token. */
  token?: string | null;
  /** Sent as JSON, unless it is a string or bytes. */
  body?: unknown;
  headers?: Record<string, string>;
}

/** The API over real HTTP, with its own database. Every response is checked against the API's OpenAPI document. */
export interface ApiHarness {
  url: string;
  api: Api;
  database: Database;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Creates a token with the given roles. */
  token(...roles: string[]): Promise<string>;
  rows<T>(query: string, values?: unknown[]): Promise<T[]>;
  end(): Promise<void>;
}

interface HarnessOptions {
  databaseUrl?: string;
  checkTemporal?: () => Promise<void>;
  sns?: Sns;
  /** Sign-in with OpenID Connect. Default: not configured. */
  oidc?: OidcSettings | undefined;
  /** Port to listen on. Default: any free port. */
  port?: number;
  /** Default: the time of this machine. */
  clock?: Clock;
}

export async function startApiHarness(
  settings: Partial<ApiSettings> = {},
  options: HarnessOptions = {},
): Promise<ApiHarness> {
  const own = options.databaseUrl === undefined ? await createTestDatabase() : undefined;
  const database = createDatabase(options.databaseUrl ?? own?.url ?? '', { max: 10 });
  const registry = createRegistry<Action>(testPlugins());
  const { clock = systemClock } = options;
  const base = { clock, ids: uuidV7, registry };
  const log = createLogger({ level: process.env['LOG_LEVEL'] ?? 'silent', name: 'api' });
  const direct = { egressAllow: [], egressProxy: readProxySettings('none', {}) };
  const entities = createEntityStore(base);
  const api = createApp({
    ...base,
    database,
    plugins: testPlugins(),
    externalPlugins: new Set(),
    connectionTypes: connectionTypesOf(testPlugins()),
    systemRemovedHooks: testPlugins().flatMap(({ onSystemRemoved }) => onSystemRemoved ?? []),
    scripts: testScripts(),
    sns: options.sns ?? createSns({ egress: createEgress({ allow: [] }), certificates: '' }),
    cipher: createCipher([Buffer.alloc(32, 7)]),
    log,
    notifier: createNotifier(database.pool),
    filters: createFilterRegistry(),
    entities,
    evaluator: createEvaluator({ entities, filters: createFilterRegistry(), clock: systemClock, timezone: 'UTC' }),
    automations: createAutomationStore(base),
    oidc: options.oidc && createOidcProvider({ ...direct, settings: options.oidc, clock, log }),
    checkTemporal: options.checkTemporal ?? (() => Promise.resolve()),
    settings: {
      version: '0.0.0',
      adminToken: ADMIN_TOKEN,
      rateLimit: { perSecond: 10_000, ingestPerSecond: 10_000 },
      ingestMaxBytes: 16_777_216,
      trustedProxies: [],
      webUi: { baseUrl: 'http://ui.test', namespace: 'default' },
      alerts: {
        systemLabels: ['system', 'service'],
        severities: severityMap(SeverityRules.parse(DEFAULT_SEVERITY_RULES)),
      },
      checkAnswers: true,
      ...settings,
    },
  });
  const server = createHttpServer(api.app);
  const url = await listening(server, options.port ?? 0);
  const call = (method: string, path: string, call: CallOptions = {}) => request(url, method, path, call);
  return {
    ...{ url, api, database, call },
    async token(...roles) {
      const answer = await call('POST', `${BASE}/tokens`, { body: { name: roles.join('+'), roles } });
      return String(answer.body.token);
    },
    async rows<T>(query: string, values: unknown[] = []) {
      return (await database.pool.query(query, values)).rows as T[];
    },
    async end() {
      api.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await api.finish();
      await database.close();
      await own?.drop();
    },
  };
}

async function listening(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function request(url: string, method: string, path: string, options: CallOptions): Promise<Answer> {
  const { token = ADMIN_TOKEN, body, headers = {} } = options;
  const asIs = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined || asIs ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: asIs ? (body as string) : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
  };
}
