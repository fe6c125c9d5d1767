import { loadPluginMigrations } from '../cli/known';
import { upgradeStored } from '../cli/upgrade-stored';
import { relative } from 'node:path';
import type { Config } from '../config';
import { migrate } from '../db/migrate';
import { createLogger } from '../log';
import { isPortFree } from '../os/free-port';
import { endProcess } from '../os/process-identity';
import { devCredentials, type DevCredentials } from './credentials';
import type { Say } from './output';
import { createPartList } from './part-list';
import { startOwn, startPostgres, startTemporal, type StartContext } from './start-parts';
import { acquireStateFile, type StateFile } from './state-file';

/** Addresses of the parts, and the admin token. Available when all parts are ready. */
export interface DevInfo {
  /** URL without a path, e.g. `http://127.0.0.1:8080`. */
  apiUrl: string;
  temporalUiUrl: string | undefined;
  adminToken: string;
  /** Shell command that prints the token. Undefined if the token comes from the environment. */
  tokenCommand: string | undefined;
}

/** A complete installation of Fermata on this machine, as `fermata dev` and `fermata demo` run it. */
export interface DevStack {
  /**
   * Starts every part that is not already available, runs migrations and upgrades, and waits until all parts are ready.
   * @throws {AlreadyRunning} if another `fermata dev` uses the state directory; any other error comes from the step
   * that failed
   */
  start(): Promise<DevInfo>;
  /** Stops all parts in reverse order and waits for them. May be called during a start. */
  stop(): Promise<void>;
  /** Kills all parts immediately. The next start recovers. */
  kill(): void;
}

interface DevStackDeps {
  config: Config;
  env: NodeJS.ProcessEnv;
  say: Say;
  colours: boolean;
}

/** Milliseconds within which a part that a killed process left behind must end gracefully. After that, it is killed. */
const LEFTOVER_GRACE_MS = 15_000;

/** Creates the stack without starting anything. */
export function createDevStack({ config, env, say, colours }: DevStackDeps): DevStack {
  let stateFile: StateFile | undefined;
  let stopped: Promise<void> | undefined;
  const parts = createPartList({ say, onStarted: (name, pid) => stateFile?.recordChild(name, pid) });
  const context: StartContext = { config, env, say, parts };

  const start = async (): Promise<DevInfo> => {
    stateFile = acquireStateFile(config.home);
    await endLeftovers(stateFile, say);
    await assertApiPortFree(config);
    const credentials = devCredentials(config.home, env);
    const [databaseUrl, temporalEnv] = await both(startPostgres(context), startTemporal(context));
    parts.throwIfStopping();
    const log = migrationLog(config, say, colours);
    await migrate(databaseUrl, { log, plugins: await loadPluginMigrations(config) });
    await upgradeStored(config, databaseUrl, log);
    const own = childEnvironment({ config, env, colours, credentials, databaseUrl, temporalEnv });
    await both(startOwn('api', { env: own, say, parts }), startOwn('worker', { env: own, say, parts }));
    const info = describe(config, own, credentials);
    stateFile.recordUrls({
      API: info.apiUrl,
      docs: `${info.apiUrl}/docs`,
      ...(info.temporalUiUrl === undefined ? {} : { 'Web UI': info.temporalUiUrl }),
    });
    return info;
  };

  const stop = async () => {
    await parts.stop();
    stateFile?.release();
  };

  return { start, stop: () => (stopped ??= stop()), kill: () => parts.kill() };
}

/** Waits for both promises, even if one rejects. Otherwise the other could still start parts that nobody would stop. */
async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}

/**
 * Stops the parts that a killed process left behind, in reverse order. Postgres is excluded: its data directory shows
 * whether its server has to be stopped.
 */
async function endLeftovers({ leftBehind }: StateFile, say: Say): Promise<void> {
  const children = leftBehind.filter(({ name }) => name !== 'postgres').reverse();
  if (children.length > 0) say('fermata', 'the previous instance was killed; stopping the processes it left running');
  for (const child of children) await endProcess(child, 'SIGTERM', LEFTOVER_GRACE_MS);
}

async function assertApiPortFree({ port, host }: Config): Promise<void> {
  if (port === 0) throw new Error('fermata dev needs a fixed FERMATA_PORT, not 0.');
  if (await isPortFree(port, host)) return;
  throw new Error(`Port ${port} of ${host} is in use or not permitted. Set FERMATA_PORT to another port.`);
}

function childEnvironment(deps: {
  config: Config;
  env: NodeJS.ProcessEnv;
  colours: boolean;
  credentials: DevCredentials;
  databaseUrl: string;
  temporalEnv: NodeJS.ProcessEnv;
}): NodeJS.ProcessEnv {
  const { config, env, colours, credentials, databaseUrl, temporalEnv } = deps;
  return {
    ...env,
    ...temporalEnv,
    FERMATA_LOG_FORMAT: config.logFormat ?? 'text',
    FORCE_COLOR: colours ? '1' : '0',
    FERMATA_HOME: config.home,
    DATABASE_URL: databaseUrl,
    FERMATA_SECRET_KEY: credentials.secretKey,
    FERMATA_ADMIN_TOKEN: credentials.adminToken,
  };
}

function describe(config: Config, env: NodeJS.ProcessEnv, { adminToken, adminTokenFile }: DevCredentials): DevInfo {
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return {
    apiUrl: `http://${host}:${config.port}`,
    temporalUiUrl: env['FERMATA_TEMPORAL_UI_URL'],
    adminToken,
    tokenCommand: adminTokenFile === undefined ? undefined : `cat ${relative(process.cwd(), adminTokenFile)}`,
  };
}

function migrationLog(config: Config, say: Say, colours: boolean) {
  const destination = { write: (line: string) => say('fermata', line.trimEnd()) };
  return createLogger({ level: config.logLevel, name: 'migrate', format: 'text', destination, colours });
}
