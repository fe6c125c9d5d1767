import type { PayloadCodec } from '@temporalio/common';
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
import type { Action, SystemRemovedHook } from '../integrations/contract';
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
  /** Seals the secrets of hooks and connections. */
  cipher: Cipher;
  /** Connection types of plugins, by id. */
  connectionTypes: ReadonlyMap<string, AnyConnectionType>;
  /** Hooks of all plugins that are called when a system is removed, in order. */
  systemRemovedHooks: readonly SystemRemovedHook[];
  /** Runs scripts that are tried out. */
  scripts: ScriptRunner;
  sns: Sns;
  /** Encrypts and decrypts payloads of Temporal; undefined = they pass unchanged. */
  codec?: PayloadCodec;
  /** Evaluates variables and conditions of runs that are started by hand. */
  evaluator: Evaluator;
  /** Rejects when Temporal cannot be reached. */
  checkTemporal(): Promise<void>;
  settings: ApiSettings;
}

/** Settings of the API. */
export interface ApiSettings {
  version: string;
  /** Bootstrap token with every permission; undefined = tokens of the database only. */
  adminToken: string | undefined;
  /** Requests per second and token. */
  rateLimit: { perSecond: number; ingestPerSecond: number };
  /** Largest body of inbound routes in bytes, after decompression. */
  ingestMaxBytes: number;
  /** Addresses and CIDR ranges whose `X-Forwarded-For` is trusted. */
  trustedProxies: readonly string[];
  /** Web UI to which runs link. */
  webUi: { baseUrl: string | undefined; namespace: string };
  /** How alerts are assigned to systems. */
  alerts: AlertSettings;
  /** Retention of routings in milliseconds; default 72 hours. */
  routingsMs?: number;
  /** Number of automations that `fermata_runs_total` shows by name; default 100. */
  metricsAutomations?: number;
  /** Certificates of Amazon SNS in PEM, instead of their download; undefined = they are downloaded. */
  snsCertificates?: string | undefined;
  /** Address at which browsers reach the API; https = cookies are sent over HTTPS only. */
  publicUrl?: string | undefined;
  /** Senders of CloudEvents that may deliver (`WebHook-Allowed-Origin`), `*` = all; default none. */
  webhookOrigins?: readonly string[];
  /** Origins of web pages that may call `/codec`; default none. */
  codecOrigins?: readonly string[];
  /** Settings of this process as text, without secrets; default none. */
  inForce?: readonly SettingInForce[];
  /** Modules of external plugins, for the threads that check documents; default none. */
  plugins?: readonly string[];
  /** IANA zone of `time` conditions without one of their own, for dry runs; default UTC. */
  timezone?: string;
  /** Directory of the built console; undefined = the console is not served. */
  consoleDirectory?: string | undefined;
  /** For tests: an answer that the OpenAPI document does not describe becomes a 500. Default false. */
  checkAnswers?: boolean;
}
