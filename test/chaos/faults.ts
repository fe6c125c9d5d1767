import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { projectRoot } from '../../src/project-root';
import type { Engine } from '../support/engine';
import type { FermataProcess } from '../support/process';
import type { Service } from '../support/services';
import type { TcpProxy } from '../support/tcp-proxy';
import type { Seeded } from './seeded';

const TIDE = join(projectRoot(), 'test', 'support', 'tide-plugin.mjs');
const SKEWED_CLOCK = join(projectRoot(), 'test', 'support', 'skewed-clock.cjs');
const SKEW_MS = 600_000;
/** Tables that many statements use, so that a lock on them blocks most of the service. */
const HOT_TABLES = ['changes', 'runs', 'run_steps', 'waits', 'automations'];

export interface FaultDeps {
  engine: Engine;
  temporal: Service;
  /** The proxy between workers and Postgres. */
  proxy: TcpProxy;
  random: Seeded;
}

/**
 * Returns the settings for all workers. With these settings, workers reach the database through the proxy and load the
 * plugin whose trigger an automation uses.
 */
export function workerSettings({ engine, proxy }: FaultDeps): Record<string, string> {
  const url = new URL(engine.databaseUrl);
  url.port = String(proxy.port);
  return { DATABASE_URL: url.href, FERMATA_PLUGINS: TIDE };
}

/** Returns the faults by name. Each function resolves when its fault is over, but the consequences may last longer. */
export function createFaults(deps: FaultDeps): Record<string, (workers: FermataProcess[]) => Promise<void>> {
  const { engine, temporal, proxy, random } = deps;

  const replace = async (workers: FermataProcess[], how: 'SIGKILL' | 'SIGTERM', more: Record<string, string> = {}) => {
    const index = Math.floor(random.next() * workers.length);
    await workers[index]?.stop(how);
    workers[index] = await engine.worker({ ...workerSettings(deps), ...more });
  };

  return {
    kill: (workers) => replace(workers, 'SIGKILL'),
    'rolling restart': (workers) => replace(workers, 'SIGTERM'),
    'worker with a wrong clock': (workers) =>
      replace(workers, 'SIGKILL', {
        NODE_OPTIONS: `--require ${SKEWED_CLOCK}`,
        FERMATA_TEST_SKEW_MS: String(random.pick([-SKEW_MS, SKEW_MS])),
      }),
    'worker without the plugin': (workers) => replace(workers, 'SIGKILL', { FERMATA_PLUGINS: '' }),
    async suspend(workers) {
      const worker = random.pick(workers);
      worker.signal('SIGSTOP');
      await pause(3_000 + random.next() * 6_000);
      worker.signal('SIGCONT');
    },
    async 'Temporal killed'() {
      await temporal.kill();
      await pause(random.next() * 4_000);
      await temporal.start();
    },
    async 'half-open connections'() {
      proxy.cutSilently();
      await pause(1_000);
    },
    'sessions of Postgres terminated': () =>
      withClient(engine.databaseUrl, (client) =>
        client.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid() and application_name like 'fermata%'`,
        ),
      ),
    'exclusive lock of a table': () =>
      withClient(engine.databaseUrl, async (client) => {
        await client.query('begin');
        await client.query(`lock table ${random.pick(HOT_TABLES)} in access exclusive mode`);
        await pause(500 + random.next() * 2_500);
        await client.query('rollback');
      }),
  };
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await work(client).finally(() => client.end());
}
