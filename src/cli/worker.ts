import type { Command } from 'commander';
import { loadConfig, requireDatabaseUrl } from '../config';
import { createLogger } from '../log';
import { freePort } from '../os/free-port';
import { stopSignal } from '../os/stop-signal';
import { announceReady } from './ready';
import { installRuntime } from '../temporal/runtime';
import { startWorker } from '../main-worker';

/** Maximum time in milliseconds to wait for Temporal before the worker reports that it is ready. */
const CONNECT_MS = 10_000;

/** Configures `fermata worker`. */
export function configure(command: Command): void {
  command
    .addHelpText(
      'after',
      `
Routes the change log and executes runs. Workers share the work: start as many as you need, and stop any of them at any time.

Examples:
  fermata worker
  LOG_LEVEL=debug fermata worker
`,
    )
    .action(async () => {
      const config = loadConfig(process.env, ['DATABASE_URL', 'FERMATA_SECRET_KEY']);
      const log = createLogger({ level: config.logLevel, name: 'worker', format: config.logFormat });
      const asked = stopSignal();
      const { otlp, metricsPort } = config;
      const served = metricsPort !== undefined && otlp === undefined;
      const sdkMetricsPort = served ? await freePort() : undefined;
      installRuntime(log, { port: sdkMetricsPort, otlp });
      const worker = await startWorker(config, requireDatabaseUrl(config), { log, sdkMetricsPort });
      log.info({ ...config.workerSizes, databasePool: config.databasePool }, `worker ${worker.id} is up`);
      // A worker without Temporal counts as ready, too. It routes changes, and starts runs once it is connected.
      await Promise.race([worker.connected, asked, new Promise((resolve) => setTimeout(resolve, CONNECT_MS).unref())]);
      announceReady();
      await asked;
      log.info('stopping: finishing current work');
      const { shutdownMs } = config;
      setTimeout(() => {
        log.warn(`still busy after ${shutdownMs / 1_000} s (FERMATA_SHUTDOWN_SECONDS); ending anyway`);
        process.exit(0);
      }, shutdownMs).unref();
      await worker.stop();
    });
}
