import type { PayloadCodec } from '@temporalio/common';
import type { OidcProvider } from './auth/oidc/provider';
import type { Route } from './http/route';
import type { AutomationStore } from '../db/automation-store';
import type { Database } from '../db/client';
import type { EntityStore } from '../db/entity-store';
import type { Notifier } from '../db/notifier';
import type { Clock, Ids } from '../domain/clock';
import type { FilterRegistry } from '../domain/expressions/filter-registry';
import type { Registry } from '../domain/registry/registry';
import type { Cipher } from '../domain/secrets/cipher';
import type { Sns } from '../edges/hooks/sns';
import type { Logger } from '../log';
import type { ScriptRunner } from '../integrations/script/script-runner';
import type { AnyConnectionType } from '../integrations/connections/connection-type';
import type { Action, Plugin, SystemRemovedHook } from '../integrations/contract';
import type { AlertSettings } from '../domains/alert/take-alerts';
import type { SettingInForce } from '../settings-in-force';
import type { Evaluator } from '../evaluation/evaluator';

/** Dependencies of the REST API, wired by `src/main-api.ts`. */
export interface ApiDeps {
  database: Pick<Database, 'db' | 'pool'>;
  clock: Clock;
  ids: Ids;
  log: Logger;
  notifier: Notifier;
  registry: Registry<Action>;
  filters: FilterRegistry;
  entities: EntityStore;
  /** Routes of external plugins. */
  pluginRoutes?: readonly Route[];
  automations: AutomationStore;
  /** Encrypts the secrets of hooks and connections, and what a sign-in with OpenID Connect keeps. */
  cipher: Cipher;
  /** All plugins of this process. */
  plugins: readonly Plugin[];
  /** Ids of the external plugins. */
  externalPlugins: ReadonlySet<string>;
  /** Connection types of plugins, by id. */
  connectionTypes: ReadonlyMap<string, AnyConnectionType>;
  /** Plugin hooks to call, in this order, when a system is removed. */
  systemRemovedHooks: readonly SystemRemovedHook[];
  /** Runs scripts that users test. */
  scripts: ScriptRunner;
  sns: Sns;
  /** Encrypts and decrypts Temporal payloads. If undefined, payloads are not encrypted. */
  codec?: PayloadCodec;
  /** Evaluates the variables and conditions of runs that are started manually. */
  evaluator: Evaluator;
  /** Checks the connection to Temporal. Rejects when Temporal cannot be reached. */
  checkTemporal(): Promise<void>;
  /** Provider with which users sign in to the console. If undefined, they sign in with tokens only. */
  oidc?: OidcProvider | undefined;
  settings: ApiSettings;
}

/** Settings of the API. */
export interface ApiSettings {
  version: string;
  /** Bootstrap token with all permissions. If undefined, only tokens in the database are valid. */
  adminToken: string | undefined;
  /** Maximum number of requests per second for each token. */
  rateLimit: { perSecond: number; ingestPerSecond: number };
  /** Maximum size of request bodies on inbound routes, in bytes after decompression. */
  ingestMaxBytes: number;
  /** Addresses and CIDR ranges of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are trusted. */
  trustedProxies: readonly string[];
  /** Temporal Web UI that run links point to. */
  webUi: { baseUrl: string | undefined; namespace: string };
  /** How alerts are assigned to systems. */
  alerts: AlertSettings;
  /** Retention of routings in milliseconds. Default: 72 hours. */
  routingsMs?: number;
  /** Maximum number of automations that `fermata_runs_total` shows by name. Default: 100. */
  metricsAutomations?: number;
  /** Amazon SNS certificates in PEM format. If undefined, they are downloaded. */
  snsCertificates?: string | undefined;
  /**
   * URL at which browsers reach the API. If it uses https, or if a trusted proxy reports HTTPS, browsers send cookies
   * only over HTTPS.
   */
  publicUrl?: string | undefined;
  /** CloudEvents senders that may deliver (`WebHook-Allowed-Origin`). `*` allows all; the default is none. */
  webhookOrigins?: readonly string[];
  /** Origins of web pages that may call `/codec`. Default: none. */
  codecOrigins?: readonly string[];
  /** Settings of this process as text, without secrets. Default: none. */
  inForce?: readonly SettingInForce[];
  /** Modules of external plugins, for the threads that check documents. Default: none. */
  plugins?: readonly string[];
  /** IANA time zone that dry runs use for `time` conditions that do not specify one. Default: UTC. */
  timezone?: string;
  /** Directory of the built console. If undefined, the console is not served. */
  consoleDirectory?: string | undefined;
  /**
   * For tests: if true, a response that the OpenAPI document does not describe is replaced by a 500. Default: false.
   */
  checkAnswers?: boolean;
}
