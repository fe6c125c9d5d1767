import { Client } from '@temporalio/client';
import type { ActivityInterceptorsFactory, NativeConnection } from '@temporalio/worker';
import type { Config } from '../config';
import type { Database } from '../db/client';
import type { Clock } from '../domain/clock';
import { messageOf } from '../domain/errors';
import type { Logger } from '../log';
import { isTemporalUnavailable } from './availability';
import { dataConverterOf, encryptionOf } from './codec/data-converter';
import { connectNative } from './connect';
import { ensureHousekeeping } from './housekeeping-schedule';
import { createDwellStarter, type DwellStarter } from './dwell-starter';
import { createScheduleKeeper, type ScheduleKeeper } from './schedule-keeper';
import { assertServerSupportsDeployments } from './release/versioned-worker';
import { createRunStarter, type RunStarter } from './run-starter';
import { registerSearchAttributes, searchAttributesUsable } from './search-attributes';
import { createTemporalWorkers, workflowBundle, type TemporalWorkers } from './worker';
import type { WorkerMetrics } from '../telemetry/worker-metrics';

const AGAIN_MS = 2_000;
/** Milliseconds between checks that the namespace has what Fermata needs (`keepNamespace`). */
const KEEP_NAMESPACE_MS = 60_000;

export interface TemporalKeeper {
  /** Returns the starter of runs, or null while there is no connection to Temporal. */
  starter: () => RunStarter | null;
  /** Returns the starter of dwells, or null while there is no connection to Temporal. */
  dwells: () => DwellStarter | null;
  schedules: () => ScheduleKeeper | null;
  client: () => Client | null;
  start(): void;
  /** Resolves at the first connection to Temporal. */
  connected: Promise<void>;
  stop(): Promise<void>;
}

interface KeepDeps {
  config: Config;
  database: Database;
  log: Logger;
  metrics: WorkerMetrics;
  clock: Clock;
  activities: () => object;
  interceptors: () => ActivityInterceptorsFactory[];
}

/** Objects that exist for the lifetime of one connection. */
interface Session {
  client: Client;
  starter: RunStarter;
  dwells: DwellStarter;
  schedules: ScheduleKeeper;
  /** Whether executions carry search attributes. */
  searchAttributes: boolean;
}

/**
 * Keeps one connection to Temporal, which a worker and a client share. The process starts even while Temporal is
 * unreachable; until Temporal is reached, runs that are due to start wait in Postgres. After a failed connection, and
 * when a worker ends with an error, the next attempt begins after 2 s.
 */
export function keepTemporal(deps: KeepDeps): TemporalKeeper {
  const { log } = deps;
  let stopped = false;
  let session: Session | null = null;
  let workers: TemporalWorkers | undefined;
  let running: Promise<void> = Promise.resolve();
  let cutPause: () => void = () => undefined;
  let resolveConnected: () => void = () => undefined;
  const connected = new Promise<void>((resolve) => (resolveConnected = resolve));

  const connectAndRun = async (): Promise<void> => {
    const { address, namespace } = deps.config.temporal;
    const connection = await connectNative({ address, namespace });
    let keeping: NodeJS.Timeout | undefined;
    try {
      await announceDeployment(deps, connection);
      workers = await openWorkers(deps, connection);
      const opened = await openSession(deps, connection);
      session = opened;
      await ensureHousekeeping(opened.client, deps.config.taskQueue);
      keeping = setInterval(() => void keepNamespace(deps, connection, opened), KEEP_NAMESPACE_MS).unref();
      log.info({ namespace, taskQueue: deps.config.taskQueue }, 'connected to Temporal');
      resolveConnected();
      if (!stopped) await workers.run();
    } finally {
      clearInterval(keeping);
      session = null;
      workers = undefined;
      await connection.close().catch(() => undefined);
    }
  };

  const loop = async (): Promise<void> => {
    while (!stopped) {
      await connectAndRun().catch((error: unknown) =>
        log.warn({ reason: messageOf(error) }, 'failed to run the Temporal worker; trying again'),
      );
      if (stopped) return;
      await new Promise<void>((resolve) => {
        cutPause = resolve;
        setTimeout(resolve, AGAIN_MS).unref();
      });
    }
  };

  return {
    starter: () => session?.starter ?? null,
    dwells: () => session?.dwells ?? null,
    schedules: () => session?.schedules ?? null,
    client: () => session?.client ?? null,
    connected,
    start: () => void (running = loop()),
    async stop() {
      stopped = true;
      cutPause();
      workers?.shutdown();
      await running;
    },
  };
}

/**
 * Creates the search attributes and the housekeeping schedule again if they are missing, because Temporal has lost its
 * data while this process kept its connection. Without the attributes, no run could be started; without housekeeping,
 * runs that lost their executions would stay open. Never throws.
 */
async function keepNamespace(
  { config, log }: KeepDeps,
  connection: NativeConnection,
  { client, searchAttributes }: Session,
): Promise<void> {
  const { namespace, searchAttributes: origin } = config.temporal;
  try {
    if (searchAttributes && origin !== 'registered') await registerSearchAttributes(connection, namespace);
    await ensureHousekeeping(client, config.taskQueue);
  } catch (error) {
    if (!isTemporalUnavailable(error))
      log.warn({ reason: messageOf(error) }, 'failed to check the namespace; trying again');
  }
}

/**
 * Checks that the server supports worker versioning, if worker versioning is enabled.
 * @throws {Error} when the server is too old; the message contains its version
 */
async function announceDeployment({ config, log }: KeepDeps, connection: NativeConnection): Promise<void> {
  const { deployment } = config;
  if (deployment === undefined) return;
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  assertServerSupportsDeployments(serverVersion);
  log.info(
    { deployment: deployment.name, buildId: deployment.buildId },
    'worker versioning is on: this build takes runs while it is current or ramping (fermata release status)',
  );
}

async function openWorkers(deps: KeepDeps, connection: NativeConnection): Promise<TemporalWorkers> {
  const { config } = deps;
  return createTemporalWorkers({
    connection,
    namespace: config.temporal.namespace,
    taskQueue: config.taskQueue,
    bundle: await workflowBundle(),
    dataConverter: dataConverterOf(config),
    activities: deps.activities(),
    sizes: config.workerSizes,
    deployment: config.deployment,
    shutdownMs: config.shutdownMs,
    interceptors: deps.interceptors(),
  });
}

async function openSession(deps: KeepDeps, connection: NativeConnection): Promise<Session> {
  const { config, database, log, metrics, clock } = deps;
  const { namespace } = config.temporal;
  const client = new Client({ connection, namespace, dataConverter: dataConverterOf(config) });
  const common = {
    client,
    taskQueue: config.taskQueue,
    searchAttributes: await searchAttributesUsable(connection, config.temporal, log),
    onCall: metrics.temporalCall,
  };
  return {
    client,
    searchAttributes: common.searchAttributes,
    starter: createRunStarter({
      ...{ ...common, db: database.db, onStarted: metrics.runStarted },
      continueAfter: config.testing.continueAfter,
      eagerStart: config.deployment === undefined,
    }),
    schedules: createScheduleKeeper({ ...common, clock, timezone: config.timezone, encryption: encryptionOf(config) }),
    dwells: createDwellStarter({ ...common, db: database.db, clock }),
  };
}
