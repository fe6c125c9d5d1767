import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { startChild, type Child } from '../os/child';
import { devServerArguments, readTemporalDevSettings } from './dev-settings';

const START_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 10_000;

/** Settings that may differ between starts. The settings in `temporal-dev.yml` apply to all starts. */
interface TemporalDevServerOptions {
  /** Path of the `temporal` program, from `findTemporalCli`. */
  cli: string;
  /** Default: the port in `temporal-dev.yml`. */
  port?: number;
  /** Default: the port in `temporal-dev.yml`. `false` means no Web UI. */
  uiPort?: number | false;
  /** Database file that is kept between starts. If absent, the database is in memory. */
  databaseFile?: string;
  onLine?: (line: string) => void;
}

/** A running Temporal dev server. */
export interface TemporalDevServer {
  /** `host:port` */
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string | undefined;
  readonly process: Child;
  stop(): Promise<void>;
}

/**
 * Makes a database file readable only by its owner, because histories contain payloads. The server creates the file
 * readable by everybody.
 */
function restrict(databaseFile: string): void {
  for (const file of ['', '-wal', '-shm'].map((end) => `${databaseFile}${end}`)) {
    if (existsSync(file)) chmodSync(file, 0o600);
  }
}

/**
 * Starts the Temporal dev server with the settings in `temporal-dev.yml`, and waits until its namespace is available.
 * @throws {Error} with the last lines of its log when it does not start
 */
export async function startTemporalDevServer(options: TemporalDevServerOptions): Promise<TemporalDevServer> {
  const settings = readTemporalDevSettings();
  const port = options.port ?? settings.port;
  const uiPort = options.uiPort === false ? undefined : (options.uiPort ?? settings.uiPort);
  const { databaseFile, onLine } = options;
  if (databaseFile !== undefined) mkdirSync(dirname(databaseFile), { recursive: true, mode: 0o700 });
  const lines: string[] = [];
  const server = await startChild({
    command: options.cli,
    args: devServerArguments(settings, { port, uiPort, databaseFile }),
    onLine: (line) => {
      if (lines.push(line) > 20) lines.shift();
      onLine?.(line);
    },
  });
  const address = `${settings.ip}:${port}`;
  const stop = async () => void (await server.stop('SIGTERM', STOP_GRACE_MS));
  try {
    await ready(server, address, settings.namespace);
    if (databaseFile !== undefined) restrict(databaseFile);
  } catch (error) {
    await stop();
    throw new Error(`The Temporal dev server did not start:\n${lines.join('\n')}`, { cause: error });
  }
  const uiUrl = uiPort === undefined ? undefined : `http://${settings.ip}:${uiPort}`;
  return { address, namespace: settings.namespace, uiUrl, process: server, stop };
}

/**
 * Returns whether the Temporal server that the environment configures (address, API key, TLS) answers within
 * `timeoutMs`.
 */
export async function isTemporalReachable(timeoutMs = 5_000): Promise<boolean> {
  try {
    const { connectionOptions } = loadClientConnectConfig({});
    const connection = await Connection.connect({ ...connectionOptions, connectTimeout: timeoutMs });
    await connection.close();
    return true;
  } catch {
    return false;
  }
}

async function ready(server: Child, address: string, namespace: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (!server.running) throw new Error('it ended while it was starting');
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1_000 });
      try {
        await connection.workflowService.describeNamespace({ namespace });
        return;
      } finally {
        await connection.close();
      }
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(100);
    }
  }
}
