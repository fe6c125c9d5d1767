import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { messageOf } from '../domain/errors';
import { startChild, type Child } from '../os/child';
import { rememberedPort } from '../os/remembered-port';
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries';
import { endOrphanedPostgres } from './postgres-orphan';

const START_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 20_000;
/** First port to try. It is outside the range that operating systems use for outgoing connections. */
const FIRST_PORT = 15432;
const SUPERUSER = 'fermata';
/** The server only listens on the loopback address. */
const HOST = '127.0.0.1';

/** Settings of an embedded Postgres. */
export interface EmbeddedPostgresOptions {
  /** Data directory. It is created at the first start, readable only by its owner, and kept between starts. */
  dataDir: string;
  /**
   * Port. Default: the port in `<dataDir>.port` or, at the first start, 15432. If that port is in use, another free
   * port.
   */
  port?: number;
  /** If false, trades crash safety for speed. Only for tests. Default: true. */
  durable?: boolean;
  /** Maximum number of connections. Default: 200. */
  maxConnections?: number;
  /** Receives a message to print before the database files are created, which takes a few seconds. */
  onProgress?: (message: string) => void;
  /** Receives each line of the server's log. */
  onLine?: (line: string) => void;
}

/** A running Postgres server. */
export interface EmbeddedPostgres {
  readonly port: number;
  readonly process: Child;
  /** Returns the URL of a database on this server. Default: `fermata`, which always exists. */
  url(database?: string): string;
  /** Ends all sessions, writes a checkpoint and stops the server. */
  stop(): Promise<void>;
}

/**
 * Starts Postgres on a data directory. The first start creates the directory and the database `fermata`. After a crash,
 * Postgres recovers from its log. First stops a server that outlived its parent process and still uses the directory.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const binaries = findPostgresBinaries();
  await endOrphanedPostgres(dataDir, STOP_GRACE_MS);
  if (!existsSync(join(dataDir, 'PG_VERSION'))) {
    options.onProgress?.('creating the database files (first start only)');
    await initialise(dataDir, binaries);
  }
  const port = options.port ?? (await rememberedPort(`${dataDir}.port`, FIRST_PORT));
  const url = (database = 'fermata') =>
    `postgres://${SUPERUSER}:${encodeURIComponent(passwordOf(dataDir))}@${HOST}:${port}/${database}`;
  const process = await launchUntilReady(url('postgres'), options.onLine, (onLine) =>
    launch(dataDir, port, binaries, { ...options, onLine }),
  );
  return { port, process, url, stop: async () => void (await process.stop('SIGINT', STOP_GRACE_MS)) };
}

/**
 * Starts the server in up to three attempts, because sessions of a killed server may keep its shared memory in use for
 * a moment. Output before the server is ready (mostly refused connections) is only shown if the server does not become
 * ready.
 */
async function launchUntilReady(
  url: string,
  onLine: ((line: string) => void) | undefined,
  start: (onLine: (line: string) => void) => Promise<Child>,
): Promise<Child> {
  for (let attempt = 1; ; attempt += 1) {
    const lines: string[] = [];
    let isReady = false;
    const server = await start((line) => {
      if (isReady) onLine?.(line);
      else if (lines.push(line) > 20) lines.shift();
    });
    try {
      await ready(server, url);
      isReady = true;
      return server;
    } catch (error) {
      await server.stop('SIGINT', STOP_GRACE_MS);
      if (attempt === 3) throw new Error(`${messageOf(error)}\n${lines.join('\n')}`, { cause: error });
      await sleep(1_000);
    }
  }
}

const passwordOf = (dataDir: string) => readFileSync(`${dataDir}.password`, 'utf8').trim();

async function initialise(dataDir: string, { initdb, account }: PostgresBinaries): Promise<void> {
  // Create the directory under another name first, so that an interrupted start does not leave a directory that looks
  // complete.
  const unfinished = `${dataDir}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  if (account.uid !== undefined && account.gid !== undefined) chownSync(unfinished, account.uid, account.gid);
  writeFileSync(`${dataDir}.password`, crypto.randomUUID(), { mode: 0o600 });
  const lines: string[] = [];
  const child = await startChild({
    command: '/bin/sh',
    // initdb reads the password from standard input, because others could read its command line or a file.
    args: [
      '-c',
      'printf "%s\\n" "$FERMATA_PG_PASSWORD" | "$0" "$@"',
      initdb,
      ...initdbFlags(directoryArgument(unfinished, account.uid)),
    ],
    env: { ...process.env, FERMATA_PG_PASSWORD: passwordOf(dataDir), LC_ALL: 'C' },
    cwd: unfinished,
    ...account,
    onLine: (line) => lines.push(line),
  });
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`The database files could not be created in ${dataDir}:\n${lines.join('\n')}`);
  renameSync(unfinished, dataDir);
}

const initdbFlags = (directory: string) => [
  ...['-D', directory, '-U', SUPERUSER, '--auth=scram-sha-256', '--pwfile=/dev/stdin'],
  ...['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--no-instructions'],
];

/**
 * Returns the data directory as passed to the server. If Fermata runs as root, the server runs under another account,
 * which may not have access to the path. On Linux, that account can open the working directory by the name that this
 * function returns, because the process enters the directory before it switches accounts.
 */
function directoryArgument(dataDir: string, uid: number | undefined): string {
  return uid !== undefined && process.platform === 'linux' ? '/proc/self/cwd' : dataDir;
}

async function launch(
  dataDir: string,
  port: number,
  { postgres, account }: PostgresBinaries,
  { durable = true, maxConnections = 200, onLine }: EmbeddedPostgresOptions & { onLine: (line: string) => void },
): Promise<Child> {
  const settings = {
    listen_addresses: HOST,
    unix_socket_directories: '',
    max_connections: String(maxConnections),
    shared_buffers: '128MB',
    // Clients receive the errors of their own statements, so the log only needs errors of the server.
    log_min_messages: 'fatal',
    log_line_prefix: '',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_wal_size: '4GB' }),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return startChild({
    command: postgres,
    args: ['-D', directoryArgument(dataDir, account.uid), '-p', String(port), ...flags],
    env: { ...process.env, LC_ALL: 'C' },
    cwd: dataDir,
    ...account,
    onLine,
  });
}

/**
 * Waits until the server accepts connections (including recovery after a crash), and creates the default database.
 * @throws {Error} when the server ends, or is not ready within a minute
 */
async function ready(server: Child, url: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (!server.running) throw new Error('Postgres ended while it was starting; its log ends with:');
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rowCount } = await client.query(`select 1 from pg_database where datname = 'fermata'`);
      if (rowCount === 0) await client.query('create database fermata');
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error('Postgres did not start within a minute.', { cause: error });
      await sleep(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
