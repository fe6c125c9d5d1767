import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgresOptions } from '../../src/dev/embedded';
import { freePort } from '../../src/os/free-port';
import { projectRoot } from '../../src/project-root';
import { startTemporalDevServer } from '../../src/dev/dev-server';
import { findTemporalCli } from '../../src/dev/find-cli';

/**
 * A server that tests and benches can stop, kill and start again. It keeps its address and, except for a Temporal
 * server without a database file, its data.
 */
export interface Service {
  start(): Promise<void>;
  /** Stops the server gracefully. */
  stop(): Promise<void>;
  /** Kills the server with SIGKILL. */
  kill(): Promise<void>;

  /** Stops the server and removes its data, if it stored them in a temporary directory. */
  destroy(): Promise<void>;
}

interface Running {
  process: { stop(signal: NodeJS.Signals, graceMs: number): Promise<unknown> };
  stop(): Promise<void>;
}

/** Returns a service that uses `launch` to start its server. */
function service(launch: () => Promise<Running>, temporary: string | undefined): Service {
  let running: Running | undefined;
  const end = async (how: (it: Running) => Promise<unknown>) => {
    if (running !== undefined) await how(running);
    running = undefined;
  };
  return {
    start: async () => {
      running ??= await launch();
    },
    stop: () => end((it) => it.stop()),
    kill: () => end((it) => it.process.stop('SIGKILL', 5_000)),
    destroy: async () => {
      await end((it) => it.stop());
      if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
    },
  };
}

/** Starts a separate Postgres server. `durable: false` (the default) is faster, but data can be lost in a crash. */
export async function startPostgres(
  options: Partial<EmbeddedPostgresOptions> = {},
): Promise<Service & { url(database?: string): string; port: number; dataDir: string }> {
  const temporary = options.dataDir === undefined ? mkdtempSync(join(tmpdir(), 'fermata-postgres-')) : undefined;
  const dataDir = options.dataDir ?? join(temporary ?? '', 'data');
  const port = options.port ?? (await freePort());
  let url: (database?: string) => string = () => '';
  const postgres = service(async () => {
    const started = await startEmbeddedPostgres({ durable: false, ...options, dataDir, port });
    url = (database) => started.url(database);
    return started;
  }, temporary);
  await postgres.start();
  return { ...postgres, url: (database) => url(database), port, dataDir };
}

/** Settings of a Temporal dev server for tests. */
export interface TemporalServiceOptions {
  port?: number;
  /** Port of the Web UI. If absent, there is no Web UI. */
  uiPort?: number;
  /** Keeps the data in a file, so that it survives `kill` and `start`. Default: true. */
  durable?: boolean;
  databaseFile?: string;
  onProgress?: (message: string) => void;
}

/** Starts a separate Temporal dev server on a free port, with the settings of `temporal-dev.yml`. */
export async function startTemporal(
  options: TemporalServiceOptions = {},
): Promise<Service & { address: string; namespace: string }> {
  const { durable = true, onProgress = () => undefined } = options;
  const temporary =
    durable && options.databaseFile === undefined ? mkdtempSync(join(tmpdir(), 'fermata-temporal-')) : undefined;
  const databaseFile = temporary === undefined ? options.databaseFile : join(temporary, 'temporal.db');
  const cli = await findTemporalCli({ home: join(projectRoot(), '.fermata'), env: process.env, onProgress });
  const port = options.port ?? (await freePort());
  let found = { address: '', namespace: '' };
  const temporal = service(async () => {
    const started = await startTemporalDevServer({
      cli,
      port,
      uiPort: options.uiPort ?? false,
      ...(databaseFile === undefined ? {} : { databaseFile }),
    });
    found = { address: started.address, namespace: started.namespace };
    return started;
  }, temporary);
  await temporal.start();
  return { ...temporal, ...found };
}
