import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgresOptions } from '../../src/dev/embedded';
import { freePort } from '../../src/os/free-port';
import { projectRoot } from '../../src/project-root';
import { startTemporalDevServer } from '../../src/dev/dev-server';
import { findTemporalCli } from '../../src/dev/find-cli';

/** A server that tests and benches stop, kill, freeze and start again; address and data stay the same. */
export interface Service {
  start(): Promise<void>;
  /** Orderly. */
  stop(): Promise<void>;
  /** kill -9 */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  freeze(): void;
  thaw(): void;
  /** Stops it and removes the data it made in a temporary directory. */
  destroy(): Promise<void>;
}

interface Running {
  process: { signal(signal: NodeJS.Signals): void; stop(signal: NodeJS.Signals, graceMs: number): Promise<unknown> };
  stop(): Promise<void>;
}

/** One service over a function that launches it. */
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
    freeze: () => running?.process.signal('SIGSTOP'),
    thaw: () => running?.process.signal('SIGCONT'),
    destroy: async () => {
      running?.process.signal('SIGCONT');
      await end((it) => it.stop());
      if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
    },
  };
}

/** A Postgres of its own, started. `durable: false` (the default) gives up crash safety for speed. */
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
  /** With the Web UI at this port. */
  uiPort?: number;
  /** Kept in a file, so that it survives `kill` and `start`; default true. */
  durable?: boolean;
  databaseFile?: string;
  onProgress?: (message: string) => void;
}

/** A Temporal dev server of its own, as `temporal-dev.yml` describes it, on a free port, started. */
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
