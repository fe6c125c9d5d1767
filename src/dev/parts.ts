import { join } from 'node:path';
import type { Config } from '../config';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded';
import { startChild, type Child } from '../os/child';
import { rememberedPort } from '../os/remembered-port';
import { startTemporalDevServer, type TemporalDevServer } from './dev-server';
import { readTemporalDevSettings } from './dev-settings';
import { findTemporalCli } from './find-cli';
import { isReadyMessage } from '../cli/ready';
import type { Started } from './supervise';

/** Dependencies of the parts of `fermata dev`. `report` prints a line on behalf of the part. */
interface PartDeps {
  config: Config;
  env: NodeJS.ProcessEnv;
  report: (line: string) => void;
}

/** Maximum time in milliseconds for an API or worker to finish its work. */
const DRAIN_MS = 30_000;

/** Returns a function that starts embedded Postgres. Every start uses the port of the first start. */
export function embeddedPostgres({ config, report }: PartDeps): () => Promise<EmbeddedPostgres> {
  let port: number | undefined;
  return async () => {
    const postgres = await startEmbeddedPostgres({
      dataDir: join(config.home, 'postgres'),
      ...(port === undefined ? {} : { port }),
      onProgress: report,
      onLine: report,
    });
    port = postgres.port;
    return postgres;
  };
}

/**
 * Finds or installs the dev server. Returns a function that starts it. Every start uses the ports of the first start. A
 * state directory keeps its ports between runs of `fermata dev` as long as they are free.
 */
export async function temporalDevServer({ config, env, report }: PartDeps): Promise<() => Promise<TemporalDevServer>> {
  const cli = await findTemporalCli({ home: config.home, env, onProgress: report });
  const settings = readTemporalDevSettings();
  const port = await rememberedPort(join(config.home, 'temporal-port'), settings.port);
  const uiPort = await rememberedPort(join(config.home, 'temporal-ui-port'), settings.uiPort);
  if (port !== settings.port) report(`using port ${port} instead of ${settings.port}, which is or was in use`);
  if (uiPort !== settings.uiPort) report(`the Web UI is at port ${uiPort} instead of ${settings.uiPort}`);
  const databaseFile = join(config.home, settings.database);
  return () => startTemporalDevServer({ cli, port, uiPort, databaseFile, onLine: report });
}

/** Starts a subcommand of this program as a separate process. */
export async function startOwnProcess(
  subcommand: 'api' | 'worker',
  { env, report, onReady }: { env: NodeJS.ProcessEnv; report: (line: string) => void; onReady: () => void },
): Promise<Started> {
  const child: Child = await startChild({
    command: process.execPath,
    args: [join(__dirname, '..', 'cli', 'main.js'), subcommand],
    env,
    onLine: report,
    onMessage: (message) => {
      if (isReadyMessage(message)) onReady();
    },
  });
  return { process: child, stop: async () => void (await child.stop('SIGTERM', DRAIN_MS)) };
}
