import type { Command } from 'commander';
import { loadConfig } from '../config';
import { startApi } from '../main-api';
import { stopSignal } from '../os/stop-signal';
import { announceReady } from './ready';

/** Configures `fermata api`. */
export function configure(command: Command): void {
  command
    .addHelpText(
      'after',
      `
Serves the REST API, its description at /openapi.json and /docs, and /healthz, /readyz, /metrics. It is stateless: run as
many as you like. Needs DATABASE_URL and FERMATA_SECRET_KEY. Starts even if Temporal is unavailable.

Examples:
  fermata api
  FERMATA_HOST=0.0.0.0 FERMATA_PORT=9090 fermata api
`,
    )
    .action(async () => {
      const asked = stopSignal();
      const running = await startApi(loadConfig(process.env, ['DATABASE_URL', 'FERMATA_SECRET_KEY']));
      announceReady();
      await asked;
      await running.close();
      process.exit(0);
    });
}
