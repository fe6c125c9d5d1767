import { join } from 'node:path';
import { defineEntity, z } from '../../src/plugin';
import { projectRoot } from '../../src/project-root';
import { startEngine, type Engine } from './engine';
import { entityStoreOf } from './entity-fixture';
import { startFermata, type FermataProcess } from './process';
import { until } from './until';

/** State of a weather entity that starts a storm. */
export const STORM = { condition: 'storm', windKmh: 100 };
/** A step without an effect outside the run. */
export const seen = { variables: { seen: 'true' } };

export const WEATHER = join(projectRoot(), 'examples', 'plugins', 'weather', 'plugin.mjs');
export const TIDE = join(projectRoot(), 'test', 'support', 'tide-plugin.mjs');
export const HARBOUR = join(projectRoot(), 'test', 'support', 'harbour-plugin.mjs');
/** The cause of changes that a test writes directly. */
export const CAUSE = { actor: { type: 'system', id: 'test' }, causedBy: null, depth: 0 } as const;

const store = entityStoreOf([
  defineEntity('weather', z.object({ condition: z.string(), windKmh: z.number() }), { description: 'Wind' }),
  defineEntity('tide', z.object({ level: z.number() }), { description: 'Level' }),
]);

/** An installation whose API has all plugins of these tests, and whose workers have different plugins. */
export interface PluginFleet {
  engine: Engine;
  api: FermataProcess & { url: string };
  /** Starts a worker with these plugins. `plugins` contains their paths, separated by commas. */
  start(plugins: string): Promise<FermataProcess>;
  /** Starts a worker that cannot reach Temporal. It routes changes and fires dwells, but executes no runs. */
  startWithoutTemporal(plugins: string): Promise<void>;
  /** Stops the workers that `start` and `startWithoutTemporal` have started. */
  stopWorkers(): Promise<void>;
  /** Saves a `parallel` automation and returns its id. */
  save(document: Record<string, unknown>): Promise<string>;
  /** Sets the state of an entity as a plugin route would. */
  set(kind: string, id: string, state: Record<string, unknown>): Promise<void>;
  /** Returns the number of runs of each automation. */
  runsOf(...automations: string[]): Promise<number[]>;
  /** Waits until the first run of an automation is reported as stuck. Returns the run as the API shows it. */
  stuckRun(automation: string): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** Registers hooks that start an installation for the tests of a file, and stop its workers after each test. */
export function withPluginFleet(onStarted: (fleet: PluginFleet) => void): void {
  let fleet: PluginFleet;
  beforeAll(async () => {
    fleet = await startPluginFleet();
    onStarted(fleet);
  }, 360_000);
  afterEach(() => fleet.stopWorkers(), 180_000);
  afterAll(() => fleet.close());
}

async function startPluginFleet(): Promise<PluginFleet> {
  const engine = await startEngine();
  const api = await engine.api({ FERMATA_PLUGINS: [WEATHER, TIDE, HARBOUR].join(',') });
  let running: FermataProcess[] = [];
  return {
    engine,
    api,
    async start(plugins) {
      const worker = await engine.worker({ FERMATA_PLUGINS: plugins });
      running.push(worker);
      return worker;
    },
    async startWithoutTemporal(plugins) {
      const env = engine.env({ FERMATA_PLUGINS: plugins, TEMPORAL_ADDRESS: '127.0.0.1:1' });
      const worker = startFermata(['worker'], env);
      running.push(worker);
      await until('the worker is live', async () => {
        const { rows } = await engine.database.pool.query(
          'select 1 from workers where pid = $1 and expires_at >= clock_timestamp()',
          [worker.child.pid],
        );
        return rows.length === 1;
      });
    },
    async stopWorkers() {
      await Promise.all(running.map((worker) => worker.stop()));
      running = [];
    },
    async save(document) {
      const saved = await engine.call(api, 'POST', '/automations', { mode: 'parallel', max_runs: 100, ...document });
      return String(saved['id']);
    },
    async set(kind, id, state) {
      await engine.database.db.transaction((tx) => store.mutate(tx, { kind, id }, () => state, CAUSE));
      await engine.database.pool.query(`select pg_notify('fermata', 'changes')`);
    },
    async runsOf(...automations) {
      return (await Promise.all(automations.map((id) => engine.runs(id)))).map(({ length }) => length);
    },
    stuckRun: (automation) =>
      until('the run has the reason why it is stuck', async () => {
        const [row] = await engine.runs(automation);
        if (row === undefined) return null;
        const { run } = (await engine.call(api, 'GET', `/runs/${row.id}`)) as { run: Record<string, unknown> };
        return run['status'] === 'running' && run['stuck'] !== null ? run : null;
      }),
    close: () => engine.close(),
  };
}
