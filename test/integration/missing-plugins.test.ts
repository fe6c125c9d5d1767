import { setTimeout as pause } from 'node:timers/promises';
import { withPluginFleet, WEATHER, type PluginFleet } from '../support/plugin-fleet';
import type { FermataProcess } from '../support/process';
import { until } from '../support/until';

const STORM = { condition: 'storm', windKmh: 100 };
const seen = { variables: { seen: 'true' } };
const FORCEFUL = {
  triggers: [{ event: 'automation.event', config: { type: 'squall' } }],
  conditions: ['(trigger.payload.data.kmh | beaufort) > 8'],
  actions: [seen],
};

describe('automations whose plugins no worker has', () => {
  let fleet: PluginFleet;
  let engine: PluginFleet['engine'];
  let saved: string[] = [];
  withPluginFleet((started) => {
    fleet = started;
    engine = started.engine;
  });
  afterEach(async () => {
    for (const id of saved) await engine.call(fleet.api, 'DELETE', `/automations/${id}`);
    saved = [];
    await fleet.stopWorkers();
    await engine.database.pool.query('delete from workers');
  }, 180_000);

  const save = async (document: Record<string, unknown>): Promise<string> => {
    const id = await fleet.save(document);
    saved.push(id);
    return id;
  };
  const isRouted = async (kind: string, id: string): Promise<boolean> => {
    const { rowCount } = await engine.database.pool.query(
      'select 1 from changes where kind = $1 and entity_id = $2 and routed_at is null',
      [kind, id],
    );
    return rowCount === 0;
  };
  /**
   * Changes the rows of workers as if stopped workers had stopped `seconds` seconds ago, and live workers had been
   * running for a long time.
   */
  const elapse = (seconds: number) =>
    engine.database.pool.query(
      `update workers set started_at = clock_timestamp() - interval '1 hour',
         expires_at = case when expires_at < clock_timestamp() then clock_timestamp() - make_interval(secs => $1)
           else expires_at end`,
      [seconds],
    );
  /** Starts and returns a worker without plugins. Beside it, a worker with the plugin `weather` starts and stops. */
  const startWithout = async (): Promise<FermataProcess> => {
    const [plain, weather] = await Promise.all([fleet.start(''), fleet.start(WEATHER)]);
    await weather.stop();
    await elapse(1);
    return plain;
  };
  const problems = async () => {
    const { items } = (await engine.call(fleet.api, 'GET', '/diagnosis')) as { items: Record<string, unknown>[] };
    return items.filter(({ code }) => code === 'unknown_filter').map(({ message }) => message);
  };

  test('delay other automations only while a worker with the plugin may come back', async () => {
    const [normal, forceful] = [
      await save({ name: 'normal', ...FORCEFUL, conditions: [] }),
      await save({ name: 'forceful', ...FORCEFUL }),
    ];
    const plain = await startWithout();
    const [first] = await engine.emit('squall', { kmh: 100 });
    await pause(3_000);
    expect(await fleet.runsOf(normal, forceful)).toEqual([0, 0]);
    await elapse(61);
    await until('the first event is routed', async () => (await fleet.runsOf(normal)).join() === '1', 5_000);
    for (const count of [2, 3]) {
      await engine.emit('squall', { kmh: 100 });
      // `until` allows three times this deadline. Before, each event waited until it was 60 s old.
      await until('the event is routed', async () => (await fleet.runsOf(normal)).join() === String(count), 3_000);
    }
    expect(await fleet.runsOf(forceful)).toEqual([0]);
    const reason = 'No worker that could route the change has filter beaufort.';
    const outcomes = await until('the reasons are written', async () => {
      const found = await engine.outcomes(forceful);
      return found[0]?.count === 3 && found;
    });
    expect(outcomes).toMatchObject([{ outcome: 'error', detail: reason }]);
    const { candidates } = (await engine.call(fleet.api, 'GET', `/changes/${first}`)) as { candidates: unknown };
    expect(candidates).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ automationId: normal, outcome: 'started' }),
        expect.objectContaining({ automationId: forceful, outcome: 'error', detail: reason }),
      ]),
    );
    expect(
      plain
        .output()
        .split('\n')
        .filter((line) => line.includes('filter:beaufort')),
    ).toEqual([expect.stringContaining('forceful')]);
    expect(await problems()).toEqual(['No worker has filter beaufort, which "forceful" uses.']);
    await fleet.start(WEATHER);
    await engine.emit('squall', { kmh: 100 });
    await until('both automations run', async () => (await fleet.runsOf(normal, forceful)).join() === '4,1', 10_000);
    expect(await problems()).toEqual([]);
  }, 360_000);

  test('do not delay other automations if no worker has ever had the plugin', async () => {
    const [normal, forceful] = [
      await save({ name: 'normal', ...FORCEFUL, conditions: [] }),
      await save({ name: 'forceful', ...FORCEFUL }),
    ];
    await fleet.start('');
    await engine.emit('squall', { kmh: 100 });
    await until('the event is routed', async () => (await fleet.runsOf(normal)).join() === '1', 5_000);
    expect(await fleet.runsOf(forceful)).toEqual([0]);
  }, 360_000);

  test('delay neither changes of entities with dwells of other automations nor changes of unrelated kinds', async () => {
    await engine.call(fleet.api, 'PUT', '/entity-kinds/flag', { schema: { type: 'object' } });
    const config = { kind: 'flag', field: 'state', to: 'up' };
    const raised = await save({
      name: 'raised',
      triggers: [{ event: 'automation.entity_changed', config, for: { minutes: 10 } }],
      actions: [seen],
    });
    await save({
      name: 'raised in wind',
      triggers: [{ event: 'automation.entity_changed', config: { ...config, to: 'torn' } }],
      conditions: ['(100 | beaufort) > 8'],
      actions: [seen],
    });
    await startWithout();
    const statuses = async () =>
      (await engine.database.pool.query('select status from dwells where automation_id = $1', [raised])).rows;
    await engine.call(fleet.api, 'PUT', '/entities/flag/bow', { state: 'up' });
    await until('the dwell is armed', async () => (await statuses()).length === 1, 5_000);
    await engine.call(fleet.api, 'PUT', '/entities/flag/bow', { state: 'down' });
    await until('the dwell has ended', async () => JSON.stringify(await statuses()).includes('idle'), 5_000);
    await fleet.set('weather', 'unrelated', STORM);
    await until('the change of the plugin is routed', () => isRouted('weather', 'unrelated'), 5_000);
  }, 360_000);

  test('delay changes of the kinds of a plugin only while it may come back, and say why they did not run', async () => {
    const storm = await save({ name: 'storm', triggers: [{ event: 'weather.storm_started' }], actions: [seen] });
    await startWithout();
    await fleet.set('weather', 'early', STORM);
    await pause(3_000);
    expect(await isRouted('weather', 'early')).toBe(false);
    await elapse(61);
    await until('the change is routed', () => isRouted('weather', 'early'), 5_000);
    await fleet.set('weather', 'late', STORM);
    await until('the next change is routed', () => isRouted('weather', 'late'), 3_000);
    const outcomes = await until('the reasons are written', async () => {
      const found = await engine.outcomes(storm);
      return found.length === 2 && found;
    });
    const detail = 'No worker that could route the change has trigger weather.storm_started.';
    expect(outcomes).toMatchObject([
      { outcome: 'error', detail },
      { outcome: 'error', detail },
    ]);
    expect(await fleet.runsOf(storm)).toEqual([0]);
  }, 360_000);

  test('receive the events of an outage of all workers, even if a worker without the plugin starts first', async () => {
    const storm = await save({ name: 'storm', triggers: [{ event: 'weather.storm_started' }], actions: [seen] });
    const both = [await fleet.start(''), await fleet.start(WEATHER)];
    await Promise.all(both.map((worker) => worker.stop()));
    await elapse(3_600);
    await fleet.set('weather', 'outage', STORM);
    await fleet.start('');
    await pause(3_000);
    expect(await isRouted('weather', 'outage')).toBe(false);
    await fleet.start(WEATHER);
    expect((await engine.ended(1, storm, 30_000)).map(({ status }) => status)).toEqual(['success']);
  }, 360_000);
});
