import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { createAutomationStore } from '../../src/db/automation-store';
import { appendChanges } from '../../src/db/change-log';
import { createDatabase, type Database } from '../../src/db/client';
import { migrate } from '../../src/db/migrate';
import { createNotifier } from '../../src/db/notifier';
import { systemClock, uuidV7 } from '../../src/domain/clock';
import { createFilterRegistry } from '../../src/domain/expressions/filter-registry';
import { createRegistry } from '../../src/domain/registry/registry';
import { validateDefinition } from '../../src/domain/definition/validate';
import { parseYaml } from '../../src/domain/definition/yaml';
import type { Action } from '../../src/integrations/contract';
import { testPlugins } from './plugins';
import { createLogger } from '../../src/log';
import { freePort } from '../../src/os/free-port';
import { createTestDatabase, type TestDatabase } from './database';
import { startFermata, type FermataProcess } from './process';
import { startReceiver, type Receiver } from './receiver';
import { testTemporal, type TestTemporal } from './temporal';
import { until } from './until';

const TEST_ACTOR = { type: 'user', id: 'test' } as const;
const ADMIN_TOKEN = 'test-admin-token-0123456789';
const EXTERNAL_CAUSE = { actor: TEST_ACTOR, causedBy: null, depth: 0 };

export interface RunRow extends Record<string, unknown> {
  id: string;
  status: string;
  context_key: string | null;
  error: { code: string; message: string; path?: string } | null;
  ended_by: Record<string, unknown> | null;
  workflow_id: string;
  execution_run_id: string | null;
  seq: string;
}

export interface StepRow extends Record<string, unknown> {
  path: string;
  status: string;
  attempts: number;
  result: unknown;
  error: { code: string; message: string } | null;
}

/** Real Postgres, Temporal, API and worker processes, and a receiver, for tests of the engine. */
export interface Engine {
  database: Database;
  databaseUrl: string;
  temporal: TestTemporal;
  receiver: Receiver;
  env(more?: Record<string, string>): Record<string, string>;
  /** Starts a worker process and waits until it is connected. */
  worker(more?: Record<string, string>): Promise<FermataProcess>;
  /** Starts an API process and waits until it is listening. Returns the process with its URL. */
  api(more?: Record<string, string>): Promise<FermataProcess & { url: string }>;
  /** `Authorization` header of the administrator. */
  authorization: string;
  /** Posts JSON to the API as the administrator. */
  post(api: { url: string }, path: string, body: unknown): Promise<Response>;
  /**
   * Calls the API as the administrator. `body` is the JSON of the response, or `{}` if the response is empty or not
   * JSON.
   */
  request(
    api: { url: string },
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; text: string; body: Record<string, unknown> }>;
  /**
   * Calls the API as the administrator and returns the JSON of the response.
   * @throws {Error} on any status other than 2xx
   */
  call(api: { url: string }, method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
  /** Saves an automation from YAML, in which `$URL` stands for the receiver's address. Returns the automation's id. */
  save(yaml: string, id?: string): Promise<string>;
  /**
   * Appends `automation.event` changes as the ingest API does, and notifies the workers. Returns the ids of the
   * changes.
   */
  emit(type: string, data?: Record<string, unknown>, options?: { subject?: string; times?: number }): Promise<string[]>;
  runs(automationId?: string): Promise<RunRow[]>;
  steps(runId: string): Promise<StepRow[]>;
  /**
   * Waits until at least `count` runs exist and all existing runs have ended. Returns these runs. With `automationId`,
   * considers only the runs of this automation.
   */
  ended(count: number, automationId?: string, deadlineMs?: number): Promise<RunRow[]>;
  outcomes(automationId: string): Promise<{ outcome: string; detail: string; count: number }[]>;
  /** Waits until all changes have been routed. */
  routed(deadlineMs?: number): Promise<unknown>;
  /**
   * Ends all processes.
   * @throws {Error} when the output of a process reports an error in Fermata's own code
   */
  close(): Promise<void>;
}

/** Starts everything except API and worker processes, which `api()` and `worker()` start. */
export async function startEngine(
  options: {
    temporal?: Pick<TestTemporal, 'address' | 'namespace'>;
    /** A separate Postgres server for the test. Default: a database on the shared server. */
    postgres?: { url(): string };
  } = {},
): Promise<Engine> {
  const testDatabase = options.postgres ? await migrated(options.postgres.url()) : await createTestDatabase();
  const database = createDatabase(testDatabase.url);
  const temporal = { ...testTemporal(), ...options.temporal };
  const receiver = await startReceiver();
  const notifier = createNotifier(database.pool);
  const processes: FermataProcess[] = [];
  const registry = createRegistry<Action>(testPlugins());
  const automations = createAutomationStore({ clock: systemClock, ids: uuidV7 });

  // All processes share one key, so that workers can decrypt what the API encrypts.
  const secretKey = randomBytes(32).toString('base64');
  const env = (more: Record<string, string> = {}) => ({
    DATABASE_URL: testDatabase.url,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    FERMATA_TASK_QUEUE: temporal.taskQueue,
    FERMATA_SECRET_KEY: secretKey,
    FERMATA_ADMIN_TOKEN: ADMIN_TOKEN,
    FERMATA_EGRESS_ALLOW: '127.0.0.1',
    FERMATA_LOG_FORMAT: 'text',
    ...more,
  });

  const runs = async (automationId?: string): Promise<RunRow[]> => {
    const which = automationId === undefined ? sql`true` : sql`automation_id = ${automationId}`;
    return (await database.db.execute<RunRow>(sql`select * from runs where ${which} order by id`)).rows;
  };

  return {
    database,
    databaseUrl: testDatabase.url,
    temporal,
    receiver,
    authorization: `Bearer ${ADMIN_TOKEN}`,
    env,
    runs,
    async worker(more) {
      const worker = startFermata(['worker'], env(more));
      processes.push(worker);
      await until(
        'the worker is connected to Temporal',
        () => {
          if (worker.exited()) throw new Error(`The worker ended:\n${worker.output()}`);
          return worker.output().includes('connected to Temporal');
        },
        90_000,
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${worker.output()}`);
      });
      return worker;
    },
    async api(more = {}) {
      const port = await freePort();
      const api = startFermata(['api'], env({ FERMATA_PORT: String(port), ...more }));
      processes.push(api);
      const url = `http://127.0.0.1:${port}`;
      await until(
        'the API listens',
        () => {
          if (api.exited()) throw new Error(`The API ended:\n${api.output()}`);
          return api.output().includes('listening on');
        },
        90_000,
      );
      return { ...api, url };
    },
    post: (api, path, body) =>
      fetch(`${api.url}/api/v1${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
        body: JSON.stringify(body),
      }),
    request: callApi,
    async call(api, method, path, body) {
      const { status, text, body: answer } = await callApi(api, method, path, body);
      if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`);
      return answer;
    },
    async save(yaml, id) {
      const { value } = parseYaml(yaml.replaceAll('$URL', receiver.url));
      const { definition, errors } = validateDefinition(value, { registry, filters: createFilterRegistry() });
      if (!definition || errors.length > 0) throw new Error(JSON.stringify(errors, null, 2));
      const saved = await database.db.transaction((tx) =>
        id === undefined
          ? automations.create(tx, { definition, actor: TEST_ACTOR })
          : automations.update(tx, id, { definition, actor: TEST_ACTOR }),
      );
      notifier.definitions();
      return saved.id;
    },
    async emit(type, data = {}, { subject, times = 1 } = {}) {
      const appended = await appendChanges(
        database.db,
        Array.from({ length: times }, () => ({
          kind: 'automation.event',
          id: subject ?? type,
          occurredAt: new Date(),
          cause: EXTERNAL_CAUSE,
          event: 'automation.event',
          payload: { type, source: 'test', ...(subject === undefined ? {} : { subject }), data },
          contextKey: subject ?? null,
        })),
      );
      notifier.changes();
      return appended.map((change) => change.changeId);
    },
    async steps(runId) {
      const found = await database.db.execute<StepRow>(
        sql`select * from run_steps where run_id = ${runId} order by path`,
      );
      return found.rows;
    },
    ended: (count, automationId, deadlineMs) =>
      until(
        `${count} runs have ended`,
        async () => {
          const all = await runs(automationId);
          const open = all.filter((run) => ['pending', 'running', 'waiting'].includes(run.status));
          return all.length >= count && open.length === 0 && all;
        },
        deadlineMs,
      ).catch(async (error: unknown) => {
        throw new Error(
          `${String(error)}\n${JSON.stringify(await runs(), null, 1)}\n${processes.map((p) => p.output()).join('\n')}`,
        );
      }),
    async outcomes(automationId) {
      const found = await database.db.execute<{ outcome: string; detail: string; count: number }>(
        sql`select outcome, detail, count from evaluations where automation_id = ${automationId} order by id`,
      );
      return found.rows;
    },
    routed: (deadlineMs) =>
      until(
        'all changes are routed',
        async () => {
          const left = await database.db.execute(sql`select 1 from changes where routed_at is null limit 1`);
          return left.rowCount === 0;
        },
        deadlineMs,
      ),
    async close() {
      await Promise.all(processes.map((worker) => worker.stop('SIGKILL')));
      await receiver.close();
      await database.close();
      await testDatabase.drop();
      const errors = processes.flatMap((one) => one.output().split('\n').filter(isCodeError));
      if (errors.length > 0)
        throw new Error(`A process printed an error in its own code:\n${errors.slice(0, 5).join('\n')}`);
    },
  };
}

interface Service {
  engine: Engine;
  api: FermataProcess & { url: string };
  worker: FermataProcess;
}

/**
 * Starts an engine with one API process and one worker before the tests of the calling `describe`, and ends them after
 * the tests. The returned objects are empty until the processes are running, so use them only in tests and hooks.
 */
export function useService(): Service {
  const service = { engine: {}, api: {}, worker: {} } as Service;
  const { engine, api, worker } = service;
  beforeAll(async () => {
    Object.assign(engine, await startEngine());
    Object.assign(api, await engine.api());
    Object.assign(worker, await engine.worker());
  }, 360_000);
  afterAll(() => engine.close());
  return service;
}

const callApi: Engine['request'] = async (api, method, path, body) => {
  const answer = await fetch(`${api.url}/api/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.includes('json') === true;
  return { status: answer.status, text, body: (isJson ? JSON.parse(text) : {}) as Record<string, unknown> };
};

/**
 * Returns whether a log line reports an error in Fermata's own code. Retries can hide an error of this kind: the test
 * takes longer, but passes.
 */
const isCodeError = (line: string): boolean =>
  /is not a function|is not iterable|Cannot read properties of|Cannot access '/.test(line);

async function migrated(url: string): Promise<TestDatabase> {
  await migrate(url, { log: createLogger({ level: 'warn', name: 'migrate' }) });
  return { url, drop: () => Promise.resolve() };
}
