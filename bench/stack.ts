import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { Pool } from 'undici';
import { createDatabase, type Database } from '../src/db/client';
import { migrate } from '../src/db/migrate';
import { createLogger } from '../src/log';
import { freePort } from '../src/os/free-port';
import type { Platform } from './platform';
import { startProgram } from './program';
import { residentMb } from './resident';
import { cpuUsage, databaseUsage, type Usage } from './costs';

const ADMIN_TOKEN = 'bench-admin-token-0123456789';
/** A rate limit that the machine cannot reach. It therefore does not affect measurements. */
const NO_LIMIT = '1000000';
const CONNECTIONS = 64;
const STOP_GRACE_MS = 15_000;

/** One API and one worker process of the built program, with their own database and task queue. */
export interface Stack {
  taskQueue: string;
  database: Database;
  /**
   * Posts a body over a kept-alive connection and returns the response.
   * @throws {Error} on any status other than 2xx
   */
  post(path: string, contentType: string, body: unknown): Promise<unknown>;
  /** Like `post`, but sends a GET request. */
  get(path: string): Promise<unknown>;
  /** Like `post`, but sends JSON. */
  send(method: 'POST' | 'PUT', path: string, body: unknown): Promise<unknown>;
  /**
   * Returns the sum of a worker counter over all its label values. If `name` contains labels, as in
   * `name{label="value"`, returns the sum over the lines that start with `name`.
   */
  workerCounter(name: string): Promise<number>;
  /** Returns the resources that the processes, their database and the worker's requests have used so far. */
  usage(): Promise<Usage>;
  /** Returns the resident memory in MB. */
  resident(): { api: number; worker: number };
  stop(): Promise<void>;
}

/**
 * Migrates a new database and starts both processes on it. `more` contains additional settings. Resolves when both
 * processes are ready.
 */
export async function startStack(platform: Platform, name: string, more: Record<string, string> = {}): Promise<Stack> {
  const databaseUrl = await newDatabase(platform, `bench_${name}`);
  await migrate(databaseUrl, { log: createLogger({ level: 'warn', name: 'migrate' }) });
  const [port, metricsPort] = [await freePort(), await freePort()];
  const taskQueue = `bench-${name}`;
  const env = {
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: platform.temporal.address,
    TEMPORAL_NAMESPACE: platform.temporal.namespace,
    FERMATA_TASK_QUEUE: taskQueue,
    FERMATA_SECRET_KEY: randomBytes(32).toString('base64'),
    FERMATA_ADMIN_TOKEN: ADMIN_TOKEN,
    FERMATA_EGRESS_ALLOW: '127.0.0.1',
    FERMATA_RATE_LIMIT: NO_LIMIT,
    FERMATA_INGEST_RATE_LIMIT: NO_LIMIT,
    FERMATA_PORT: String(port),
    FERMATA_METRICS_PORT: String(metricsPort),
    FERMATA_LOG_FORMAT: 'json',
    ...more,
  };
  const [api, worker] = await Promise.all([
    startProgram('api', env, 'listening on'),
    startProgram('worker', env, 'connected to Temporal'),
  ]);
  const http = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS });
  const metrics = async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  // No statement timeout, because statements that seed rows take minutes.
  const database = createDatabase(databaseUrl, { max: 2, applicationName: 'bench', statementTimeoutMs: 0 });
  return {
    ...{ taskQueue, database },
    post: (path, contentType, body) => send(http, 'POST', path, contentType, body),
    get: (path) => send(http, 'GET', path, 'application/json'),
    send: (method, path, body) => send(http, method, path, 'application/json', body),
    workerCounter: async (counter) => counterOf(await metrics(), counter),
    async usage() {
      const [ofDatabase, text] = await Promise.all([databaseUsage(databaseUrl), metrics()]);
      const starts = counterOf(text, 'fermata_run_starts_total');
      const eagerStarts = counterOf(text, 'fermata_run_starts_total{eager="true"');
      return { cpuMs: cpuUsage(), ...ofDatabase, requests: requestsOf(text), eagerStarts, starts };
    },
    resident: () => ({ api: residentMb(api.pid), worker: residentMb(worker.pid) }),
    async stop() {
      await http.destroy();
      await Promise.all([api.stop('SIGTERM', STOP_GRACE_MS), worker.stop('SIGTERM', STOP_GRACE_MS)]);
      await database.close();
    },
  };
}

/** Creates an empty database and returns its URL. */
export async function newDatabase({ postgres }: Platform, name: string): Promise<string> {
  const admin = new pg.Client({ connectionString: postgres.url('postgres') });
  await admin.connect();
  await admin.query(`create database ${name}`).finally(() => admin.end());
  return postgres.url(name);
}

async function send(
  http: Pool,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  contentType: string,
  body?: unknown,
): Promise<unknown> {
  const response = await http.request({
    path,
    method,
    headers: { 'content-type': contentType, authorization: `Bearer ${ADMIN_TOKEN}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.body.text();
  if (response.statusCode >= 300) throw new Error(`${method} ${path} answered ${response.statusCode}: ${text}`);
  return JSON.parse(text) as unknown;
}

function counterOf(metrics: string, name: string): number {
  const starts = name.includes('{') ? [name] : [`${name}{`, `${name} `];
  const lines = metrics.split('\n').filter((line) => starts.some((start) => line.startsWith(start)));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/**
 * Returns the number of SDK requests to Temporal, by operation. Polls are excluded: they are long requests, which have
 * a separate metric.
 */
function requestsOf(metrics: string): Map<string, number> {
  const lines = metrics.matchAll(/^temporal_request_total\{[^}]*operation="(\w+)"[^}]*\} (\d+)$/gm);
  const requests = new Map<string, number>();
  for (const [, operation = '', value] of lines)
    requests.set(operation, (requests.get(operation) ?? 0) + Number(value));
  return requests;
}
