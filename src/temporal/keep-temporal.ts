import { Client } from '@temporalio/client';
import type { ActivityInterceptorsFactory, NativeConnection } from '@temporalio/worker';
import type { Config } from '../config';
import type { Database } from '../db/client';
import type { Clock } from '../domain/clock';
import { messageOf } from '../domain/errors';
import type { Logger } from '../log';
import { connectNative } from './connect';
import { ensureHousekeeping } from './housekeeping-schedule';
import { createDwellStarter, type DwellStarter } from './dwell-starter';
import { createScheduleKeeper, type ScheduleKeeper } from './schedule-keeper';
import { createRunStarter, type RunStarter } from './run-starter';
import { missingSearchAttributes, registerSearchAttributes } from './search-attributes';
import { createTemporalWorkers, workflowBundle, type TemporalWorkers } from './worker';
import type { WorkerMetrics } from '../telemetry/worker-metrics';

const AGAIN_MS = 2_000;

export interface TemporalKeeper {
  /** null until Temporal was reached for the first time. */
  starter: () => RunStarter | null;
  /** As `starter`. */
  dwells: () => DwellStarter | null;
  schedules: () => ScheduleKeeper | null;
  client: () => Client | null;
  start(): void;
  /** Settles when Temporal was reached for the first time. */
  connected: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Keeps one connection to Temporal with a worker and a client on it. The process starts without: what has to be
 * started waits as rows. A worker that ends with an error is made anew.
 */
export function keepTemporal(deps: {
  config: Config;
  database: Database;
  log: Logger;
  metrics: WorkerMetrics;
  clock: Clock;
  activities: () => object;
  interceptors: () => ActivityInterceptorsFactory[];
}): TemporalKeeper {
  const { config, database, log, metrics } = deps;
  let stopped = false;
  let starter: RunStarter | null = null;
  let dwells: DwellStarter | null = null;
  let schedules: ScheduleKeeper | null = null;
  let client: Client | null = null;
  let workers: TemporalWorkers | undefined;
  let running: Promise<void> = Promise.resolve();
  let cutPause: () => void = () => undefined;
  let tellConnected: () => void = () => undefined;
  const connected = new Promise<void>((resolve) => (tellConnected = resolve));

  const connectAndRun = async (): Promise<void> => {
    const { address, namespace } = config.temporal;
    const connection = await connectNative({ address, namespace });
    try {
      workers = await createTemporalWorkers({
        connection,
        namespace,
        taskQueue: config.taskQueue,
        bundle: await workflowBundle(),
        activities: deps.activities(),
        slots: config.workerSlots,
        shutdownMs: config.shutdownMs,
        interceptors: deps.interceptors(),
        // 0 makes every workflow task replay its history from the start.
        maxCachedWorkflows: numberOf('FERMATA_WORKFLOW_CACHE'),
      });
      client = new Client({ connection, namespace });
      const common = {
        client,
        taskQueue: config.taskQueue,
        searchAttributes: await searchAttributesUsable(connection, namespace, log),
        onCall: metrics.temporalCall,
      };
      starter = createRunStarter({
        ...{ ...common, db: database.db, onStarted: metrics.runStarted },
        continueAfter: numberOf('FERMATA_CONTINUE_AFTER'),
      });
      schedules = createScheduleKeeper({ ...common, clock: deps.clock, timezone: config.timezone });
      dwells = createDwellStarter({ ...common, clock: deps.clock });
      await ensureHousekeeping(client, config.taskQueue);
      log.info({ namespace, taskQueue: config.taskQueue }, 'connected to Temporal');
      tellConnected();
      if (!stopped) await workers.run();
    } finally {
      starter = null;
      dwells = null;
      schedules = null;
      client = null;
      workers = undefined;
      await connection.close().catch(() => undefined);
    }
  };

  const loop = async (): Promise<void> => {
    while (!stopped) {
      await connectAndRun().catch((error: unknown) =>
        log.warn({ reason: messageOf(error) }, 'no worker on Temporal; trying again'),
      );
      if (stopped) return;
      await new Promise<void>((resolve) => {
        cutPause = resolve;
        setTimeout(resolve, AGAIN_MS).unref();
      });
    }
  };

  return {
    starter: () => starter,
    dwells: () => dwells,
    schedules: () => schedules,
    client: () => client,
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

/** A setting that only tests make. */
function numberOf(name: 'FERMATA_WORKFLOW_CACHE' | 'FERMATA_CONTINUE_AFTER'): number | undefined {
  const setting = process.env[name];
  return setting === undefined ? undefined : Number(setting);
}

/** Where we may not register them (Temporal Cloud), runs are started without. */
async function searchAttributesUsable(connection: NativeConnection, namespace: string, log: Logger): Promise<boolean> {
  try {
    await registerSearchAttributes(connection, namespace);
    return (await missingSearchAttributes(connection, namespace)).length === 0;
  } catch (error) {
    log.warn({ reason: messageOf(error) }, 'runs are started without search attributes');
    return false;
  }
}
