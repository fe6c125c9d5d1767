import type { Command } from 'commander';
import { loadConfig, requireDatabaseUrl, requireSecretKey } from '../config';
import { createLogger } from '../log';
import { announceReady } from './ready';
import { installRuntime } from '../temporal/runtime';
import { startWorker } from './worker/start-worker';

/** `fermata worker` */
export function configure(command: Command): void {
  command
    .addHelpText(
      'after',
      `
Routes the change log and executes runs. Any number of them share the work: start more to grow, stop one at any time.

Examples:
  fermata worker
  LOG_LEVEL=debug fermata worker
`,
    )
    .action(async () => {
      const config = loadConfig(process.env);
      requireSecretKey(config);
      const log = createLogger({ level: config.logLevel, name: 'worker', format: config.logFormat });
      installRuntime(log);
      const worker = await startWorker(config, requireDatabaseUrl(config), log);
      log.info(`worker ${worker.id} is up`);
      announceReady();
      await new Promise<void>((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
      });
      log.info('stopping: finishing what is under way');
      await worker.stop();
    });
}
