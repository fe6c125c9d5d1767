import { listen } from '../../src/db/notifier';
import { seen, withPluginFleet, STORM, TIDE, WEATHER, type PluginFleet } from '../support/plugin-fleet';
import { allowedMs, until } from '../support/until';

describe('workers with different plugins', () => {
  let fleet: PluginFleet;
  let engine: PluginFleet['engine'];
  let api: PluginFleet['api'];
  withPluginFleet((started) => {
    fleet = started;
    ({ engine, api } = started);
  });

  test('each change is routed by a worker that has its trigger, even if a worker without the trigger has its partition', async () => {
    const storm = await fleet.save({ name: 'storm', triggers: [{ event: 'weather.storm_started' }], actions: [seen] });
    const flood = await fleet.save({ name: 'flood', triggers: [{ event: 'tide.flood_started' }], actions: [seen] });
    // Start them one after another. A worker reads which plugins the others have at its start, and then every 1.5 s.
    await fleet.start(WEATHER);
    await fleet.start(TIDE);
    await fleet.start('');
    const ids = Array.from({ length: 12 }, (_, index) => `mixed-${index}`);
    for (const id of ids) await Promise.all([fleet.set('weather', id, STORM), fleet.set('tide', id, { level: 6 })]);
    const runs = await Promise.all([engine.ended(12, storm, 60_000), engine.ended(12, flood, 60_000)]);
    expect(runs.flat().map(({ status }) => status)).toEqual(Array.from({ length: 24 }, () => 'success'));
    expect(runs.map((all) => all.length)).toEqual([12, 12]);
  }, 360_000);

  test('a change waits while the only worker that has its trigger restarts', async () => {
    const automation = await fleet.save({
      name: 'wait',
      triggers: [{ event: 'weather.storm_started' }],
      actions: [seen],
    });
    const [, withTrigger] = await Promise.all([fleet.start(''), fleet.start(WEATHER)]);
    await fleet.set('weather', 'before-restart', STORM);
    await until('the first run ended', async () => (await engine.ended(1, automation)).length === 1);
    await withTrigger.stop();
    await fleet.set('weather', 'during-restart', STORM);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await engine.runs(automation)).toHaveLength(1);
    await fleet.start(WEATHER);
    expect((await engine.ended(2, automation, 30_000)).map(({ status }) => status)).toEqual(['success', 'success']);
  }, 360_000);

  test('a run reports that no worker has its action, and continues on a worker that has it', async () => {
    const automation = await fleet.save({
      name: 'reporter',
      triggers: [{ event: 'automation.event', config: { type: 'wind' } }],
      actions: [{ action: 'weather.report', config: { station: 'reported', windKmh: 20 } }],
    });
    await fleet.start('');
    await engine.emit('wind');
    const stuck = await fleet.stuckRun(automation);
    expect(stuck).toMatchObject({ status: 'running', stuck: 'No worker has action weather.report.' });
    await fleet.start(WEATHER);
    const [run] = await engine.ended(1, automation, 60_000);
    expect(run?.status).toBe('success');
    const [step] = await engine.steps(run?.id ?? '');
    expect(step).toMatchObject({ status: 'success', attempts: 1 });
    const { run: answer } = (await engine.call(api, 'GET', `/runs/${run?.id ?? ''}`)) as { run: unknown };
    expect(answer).toMatchObject({ stuck: null });
  }, 360_000);

  test("a plugin's filter is evaluated by workers that have it, in triggers, steps and waits", async () => {
    const automation = await fleet.save({
      name: 'force',
      triggers: [
        {
          event: 'automation.event',
          config: { type: 'gust' },
          filter: '(trigger.payload.data.kmh | beaufort) > 8',
        },
      ],
      variables: { force: '{{ trigger.payload.data.kmh | beaufort }}' },
      actions: [
        { variables: { twice: '{{ (trigger.payload.data.kmh | beaufort) * 2 }}' } },
        { wait_until: { condition: "(state.gauge['mixed'].kmh | beaufort) > 8", timeout_seconds: 300 } },
      ],
    });
    await engine.call(api, 'PUT', '/entity-kinds/gauge', { schema: { type: 'object' } });
    await engine.call(api, 'PUT', '/entities/gauge/mixed', { kmh: 10 });
    await Promise.all([fleet.start(''), fleet.start(WEATHER), fleet.start(TIDE)]);
    for (const kmh of [100, 100, 100, 10, 100, 10, 100, 100]) await engine.emit('gust', { kmh });
    const allWait = async (): Promise<boolean> => {
      const found = await engine.runs(automation);
      return found.length === 6 && found.every(({ status }) => status === 'waiting');
    };
    await until('all runs wait', allWait, 60_000);
    await engine.call(api, 'PUT', '/entities/gauge/mixed', { kmh: 100 });
    const runs = await engine.ended(6, automation, 60_000);
    expect(runs.map(({ status, error }) => ({ status, error }))).toEqual(
      Array.from({ length: 6 }, () => ({ status: 'success', error: null })),
    );
    const [step] = await engine.steps(runs[0]?.id ?? '');
    expect(step?.result).toEqual({ twice: 20 });
    const outcomes = await engine.outcomes(automation);
    expect(outcomes.filter(({ outcome }) => outcome === 'error')).toEqual([]);
    // Otherwise, events of its type would wait for a worker that has the filter.
    await engine.call(api, 'DELETE', `/automations/${automation}`);
  }, 360_000);

  test('an event that the config of a trigger refuses does not wait for a worker that has the filter of the trigger', async () => {
    const automation = await fleet.save({
      name: 'buoys',
      triggers: [
        {
          event: 'automation.entity_changed',
          config: { kind: 'buoy', field: 'state', to: 'adrift' },
          filter: '(trigger.payload.next.kmh | beaufort) > 8',
        },
      ],
      actions: [seen],
    });
    await engine.call(api, 'PUT', '/entity-kinds/buoy', { schema: { type: 'object' } });
    // A worker had the filter within the last minutes, so events that need it wait.
    const [, withFilter] = await Promise.all([fleet.start(''), fleet.start(WEATHER)]);
    await withFilter.stop();
    const isRouted = async (id: string): Promise<boolean> => {
      const { rows } = await engine.database.pool.query(
        `select 1 from changes where kind = 'buoy' and entity_id = $1 and routed_at is not null`,
        [id],
      );
      return rows.length === 1;
    };
    await engine.call(api, 'PUT', '/entities/buoy/drifting', { state: 'adrift', kmh: 100 });
    await engine.call(api, 'PUT', '/entities/buoy/moored', { state: 'moored', kmh: 100 });
    await until('the refused change is routed', () => isRouted('moored'));
    expect(await isRouted('drifting')).toBe(false);
    const outcomes = await until('its reason is written', async () => {
      const found = await engine.outcomes(automation);
      return found.length > 0 && found;
    });
    expect(outcomes).toMatchObject([
      { outcome: 'config', detail: 'The config of the trigger does not match.', count: 1 },
    ]);
    await fleet.start(WEATHER);
    expect((await engine.ended(1, automation, 60_000)).map(({ status }) => status)).toEqual(['success']);
    expect(await isRouted('drifting')).toBe(true);
    await engine.call(api, 'DELETE', `/automations/${automation}`);
  }, 360_000);

  test("an API without a plugin's filter refuses to evaluate it, and an API that has it starts the run", async () => {
    const automation = await fleet.save({
      name: 'manually',
      triggers: [{ event: 'automation.event', config: { type: 'never' } }],
      variables: { force: '{{ 100 | beaufort }}' },
      actions: [seen],
    });
    const bare = await engine.api({ FERMATA_PLUGINS: '' });
    for (const path of ['runs', 'dry-run']) {
      const answer = await fetch(`${bare.url}/api/v1/automations/${automation}/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: engine.authorization },
        body: '{}',
      });
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await answer.json()).toMatchObject({
        code: 'plugin_missing',
        detail: expect.stringContaining('beaufort'),
      });
    }
    await bare.stop();
    await fleet.start(WEATHER);
    await engine.call(api, 'POST', `/automations/${automation}/runs`, {});
    expect((await engine.ended(1, automation, 60_000))[0]).toMatchObject({ status: 'success' });
    // Otherwise, events of its type would wait for a worker that has the filter.
    await engine.call(api, 'DELETE', `/automations/${automation}`);
  }, 360_000);

  test('a run reports that no worker has its filter, and continues on a worker that has it', async () => {
    const automation = await fleet.save({
      name: 'forceful',
      triggers: [{ event: 'automation.event', config: { type: 'breeze' } }],
      actions: [{ variables: { force: '{{ 100 | beaufort }}' } }],
    });
    await fleet.start('');
    await engine.emit('breeze');
    const stuck = await fleet.stuckRun(automation);
    expect(stuck).toMatchObject({ status: 'running', stuck: 'No worker has filter beaufort.' });
    await fleet.start(WEATHER);
    const [run] = await engine.ended(1, automation, 60_000);
    expect(run).toMatchObject({ status: 'success', error: null });
  }, 360_000);

  test('a worker notifies the others when it starts and stops, and renews its own entry immediately after a notification', async () => {
    await fleet.start('');
    const { pool } = engine.database;
    const renewed = async () =>
      (await pool.query<{ at: string }>('select max(expires_at)::text as at from workers')).rows[0]?.at;
    // Without notifications, thirty renewals would take 45 s.
    const began = Date.now();
    for (let count = 0; count < 30; count += 1) {
      const before = await renewed();
      await pool.query(`select pg_notify('fermata', 'workers')`);
      await until('the worker has renewed its entry', async () => (await renewed()) !== before);
    }
    expect(Date.now() - began).toBeLessThan(30_000);
    let notifications = 0;
    const listener = listen(engine.databaseUrl, { workers: () => (notifications += 1) });
    try {
      // A listener calls its handlers once for each connection that it opens.
      await until('the listener is connected', () => notifications === 1);
      const other = await fleet.start(WEATHER);
      await until('the start is notified', () => notifications > 1);
      const before = notifications;
      await other.stop();
      await until('the stop is notified', () => notifications > before);
    } finally {
      await listener.close();
    }
  }, 360_000);

  test('SIGTERM ends a worker within FERMATA_SHUTDOWN_SECONDS even if a call hangs', async () => {
    const automation = await engine.save(`
name: hangs
mode: parallel
triggers: [{ event: automation.event, config: { type: hang } }]
actions: [{ action: integration-webhook.send, timeout_seconds: 60, config: { url: '$URL/hang', method: POST } }]`);
    engine.receiver.answerWith(() => new Promise(() => undefined));
    const worker = await engine.worker({ FERMATA_SHUTDOWN_SECONDS: '5' });
    await engine.emit('hang');
    await until('the call has started', async () => {
      const [run] = await engine.runs(automation);
      return run !== undefined && (await engine.steps(run.id)).some(({ status }) => status === 'running');
    });
    const since = Date.now();
    await worker.stop();
    expect(Date.now() - since).toBeLessThan(allowedMs(9_000));
    expect(worker.child.exitCode).toBe(0);
  }, 180_000);
});
