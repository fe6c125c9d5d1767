import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { appendChanges } from '../../src/db/change-log';
import { listen } from '../../src/db/notifier';
import { defineEntity, z } from '../../src/plugin';
import { projectRoot } from '../../src/project-root';
import { startEngine, type Engine } from '../support/engine';
import { entityStoreOf } from '../support/entity-fixture';
import { startFermata, type FermataProcess } from '../support/process';
import { allowedMs, until } from '../support/until';

const WEATHER = join(projectRoot(), 'examples', 'plugins', 'weather', 'plugin.mjs');
const TIDE = join(projectRoot(), 'test', 'support', 'tide-plugin.mjs');
const HARBOUR = join(projectRoot(), 'test', 'support', 'harbour-plugin.mjs');
const CAUSE = { actor: { type: 'system', id: 'test' }, causedBy: null, depth: 0 } as const;
const store = entityStoreOf([
  defineEntity('weather', z.object({ condition: z.string(), windKmh: z.number() }), { description: 'Wind' }),
  defineEntity('tide', z.object({ level: z.number() }), { description: 'Level' }),
]);
const STORM = { condition: 'storm', windKmh: 100 };

describe('workers with different plugins', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  let running: FermataProcess[] = [];
  beforeAll(async () => {
    engine = await startEngine();
    api = await engine.api({ FERMATA_PLUGINS: [WEATHER, TIDE, HARBOUR].join(',') });
  }, 360_000);
  afterEach(async () => {
    await Promise.all(running.map((worker) => worker.stop()));
    running = [];
  }, 180_000);
  afterAll(() => engine.close());

  const start = async (plugins: string): Promise<FermataProcess> => {
    const worker = await engine.worker({ FERMATA_PLUGINS: plugins });
    running.push(worker);
    return worker;
  };
  const save = async (document: Record<string, unknown>): Promise<string> =>
    String((await engine.call(api, 'POST', '/automations', { mode: 'parallel', max_runs: 100, ...document }))['id']);
  /** Sets the state of an entity as a route of a plugin would. */
  const set = async (kind: string, id: string, state: Record<string, unknown>): Promise<void> => {
    await engine.database.db.transaction((tx) => store.mutate(tx, { kind, id }, () => state, CAUSE));
    await engine.database.pool.query(`select pg_notify('fermata', 'changes')`);
  };
  const seen = { variables: { seen: 'true' } };
  /** Starts a worker that does not reach Temporal: it routes changes and fires dwells, and executes nothing. */
  const startAway = async (plugins: string): Promise<void> => {
    const worker = startFermata(['worker'], engine.env({ FERMATA_PLUGINS: plugins, TEMPORAL_ADDRESS: '127.0.0.1:1' }));
    running.push(worker);
    await until('the worker is live', async () => {
      const { rows } = await engine.database.pool.query(
        'select 1 from workers where pid = $1 and expires_at >= clock_timestamp()',
        [worker.child.pid],
      );
      return rows.length === 1;
    });
  };
  const runsOf = async (...automations: string[]): Promise<number[]> =>
    (await Promise.all(automations.map((id) => engine.runs(id)))).map(({ length }) => length);

  test('each change is routed by a worker that knows its trigger, whichever worker has the partition', async () => {
    const storm = await save({ name: 'storm', triggers: [{ event: 'weather.storm_started' }], actions: [seen] });
    const flood = await save({ name: 'flood', triggers: [{ event: 'tide.flood_started' }], actions: [seen] });
    // Start them one after another. A worker reads what the others know at its start and then every 1.5 s.
    await start(WEATHER);
    await start(TIDE);
    await start('');
    const ids = Array.from({ length: 12 }, (_, index) => `mixed-${index}`);
    for (const id of ids) await Promise.all([set('weather', id, STORM), set('tide', id, { level: 6 })]);
    const runs = await Promise.all([engine.ended(12, storm, 60_000), engine.ended(12, flood, 60_000)]);
    expect(runs.flat().map(({ status }) => status)).toEqual(Array.from({ length: 24 }, () => 'success'));
    expect(runs.map((all) => all.length)).toEqual([12, 12]);
  }, 360_000);

  test('a change waits while the worker that knows its trigger restarts', async () => {
    const automation = await save({ name: 'wait', triggers: [{ event: 'weather.storm_started' }], actions: [seen] });
    const [, knowing] = await Promise.all([start(''), start(WEATHER)]);
    await set('weather', 'before-restart', STORM);
    await until('the first run ended', async () => (await engine.ended(1, automation)).length === 1);
    await knowing.stop();
    await set('weather', 'during-restart', STORM);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await engine.runs(automation)).toHaveLength(1);
    await start(WEATHER);
    expect((await engine.ended(2, automation, 30_000)).map(({ status }) => status)).toEqual(['success', 'success']);
  }, 360_000);

  test('a run reports that no worker has its action, and continues when one has', async () => {
    const automation = await save({
      name: 'reporter',
      triggers: [{ event: 'automation.event', config: { type: 'wind' } }],
      actions: [{ action: 'weather.report', config: { station: 'reported', windKmh: 20 } }],
    });
    await start('');
    await engine.emit('wind');
    const stuck = await until('the run says why it is stuck', async () => {
      const [row] = await engine.runs(automation);
      if (row === undefined) return null;
      const { run } = (await engine.call(api, 'GET', `/runs/${row.id}`)) as { run: Record<string, unknown> };
      return run['stuck'] === null ? null : run;
    });
    expect(stuck).toMatchObject({ status: 'running', stuck: 'No worker has action weather.report.' });
    await start(WEATHER);
    const [run] = await engine.ended(1, automation, 60_000);
    expect(run?.status).toBe('success');
    const [step] = await engine.steps(run?.id ?? '');
    expect(step).toMatchObject({ status: 'success', attempts: 1 });
    const { run: answer } = (await engine.call(api, 'GET', `/runs/${run?.id ?? ''}`)) as { run: unknown };
    expect(answer).toMatchObject({ stuck: null });
  }, 360_000);

  test("a plugin's filter is evaluated by workers that have it, in triggers, steps and waits", async () => {
    const automation = await save({
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
    await Promise.all([start(''), start(WEATHER), start(TIDE)]);
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

  test('an event that the config of a trigger refuses does not wait for the filter of its automation', async () => {
    const automation = await save({
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
    const [, knowing] = await Promise.all([start(''), start(WEATHER)]);
    await knowing.stop();
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
    await start(WEATHER);
    expect((await engine.ended(1, automation, 60_000)).map(({ status }) => status)).toEqual(['success']);
    expect(await isRouted('drifting')).toBe(true);
    await engine.call(api, 'DELETE', `/automations/${automation}`);
  }, 360_000);

  test("an API without a plugin's filter refuses to evaluate it, and an API that has it starts the run", async () => {
    const automation = await save({
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
    await start(WEATHER);
    await engine.call(api, 'POST', `/automations/${automation}/runs`, {});
    expect((await engine.ended(1, automation, 60_000))[0]).toMatchObject({ status: 'success' });
    // Otherwise, events of its type would wait for a worker that has the filter.
    await engine.call(api, 'DELETE', `/automations/${automation}`);
  }, 360_000);

  test('a run reports that no worker has its filter, and continues when one has', async () => {
    const automation = await save({
      name: 'forceful',
      triggers: [{ event: 'automation.event', config: { type: 'breeze' } }],
      actions: [{ variables: { force: '{{ 100 | beaufort }}' } }],
    });
    await start('');
    await engine.emit('breeze');
    const stuck = await until('the run says why it is stuck', async () => {
      const [row] = await engine.runs(automation);
      if (row === undefined) return null;
      const { run } = (await engine.call(api, 'GET', `/runs/${row.id}`)) as { run: Record<string, unknown> };
      return run['status'] === 'running' && run['stuck'] !== null ? run : null;
    });
    expect(stuck).toMatchObject({ status: 'running', stuck: 'No worker has filter beaufort.' });
    await start(WEATHER);
    const [run] = await engine.ended(1, automation, 60_000);
    expect(run).toMatchObject({ status: 'success', error: null });
  }, 360_000);

  test('a worker notifies the others when it starts and when it stops, and they immediately read what it knows', async () => {
    await start('');
    const { pool } = engine.database;
    const renewed = async () =>
      (await pool.query<{ at: string }>('select max(expires_at)::text as at from workers')).rows[0]?.at;
    // Without notifications, thirty renewals would take 45 s.
    const began = Date.now();
    for (let count = 0; count < 30; count += 1) {
      const before = await renewed();
      await pool.query(`select pg_notify('fermata', 'workers')`);
      await until('the worker has renewed its announcement', async () => (await renewed()) !== before);
    }
    expect(Date.now() - began).toBeLessThan(30_000);
    let heard = 0;
    const listener = listen(engine.databaseUrl, { workers: () => (heard += 1) });
    try {
      // A listener calls its handlers once for each connection that it opens.
      await until('it listens', () => heard === 1);
      const other = await start(WEATHER);
      await until('the other one has announced itself', () => heard > 1);
      const before = heard;
      await other.stop();
      await until('the other one has left', () => heard > before);
    } finally {
      await listener.close();
    }
  }, 360_000);

  test('a dwell whose trigger a worker does not know is kept for a worker that does', async () => {
    const automation = await save({
      name: 'long storm',
      triggers: [{ event: 'weather.storm_started', for: { seconds: 2 } }],
      actions: [seen],
    });
    const knowing = await start(WEATHER);
    await set('weather', 'long-storm', STORM);
    await until('the dwell is armed', async () => {
      const { rows } = await engine.database.pool.query(`select 1 from dwells where automation_id = $1`, [automation]);
      return rows.length === 1;
    });
    await knowing.stop('SIGKILL');
    await start('');
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    const { rows } = await engine.database.pool.query(`select status from dwells where automation_id = $1`, [
      automation,
    ]);
    expect(rows).toEqual([{ status: 'armed' }]);
    await start(WEATHER);
    expect((await engine.ended(1, automation, 30_000)).map(({ status }) => status)).toEqual(['success']);
  }, 360_000);

  test('a dwell whose timer is on a worker that cannot fire it is fired once by one that can, within 15 s', async () => {
    await engine.call(api, 'PUT', '/entity-kinds/mast', { schema: { type: 'object' } });
    const storm = await save({
      name: 'brief storm',
      triggers: [{ event: 'weather.storm_started', for: { seconds: 2 } }],
      actions: [seen],
    });
    const gale = await save({
      name: 'brief gale',
      triggers: [
        {
          event: 'automation.entity_changed',
          config: { kind: 'mast', field: 'state', to: 'bent' },
          for: { seconds: 2 },
        },
      ],
      variables: { force: '{{ 100 | beaufort }}' },
      actions: [seen],
    });
    // This worker takes the leases of the sweeps and all timers: it alone reaches Temporal.
    const ignorant = await start('');
    await until('it has the lease of the dwells', async () => {
      const { rows } = await engine.database.pool.query(
        `select 1 from sweep_leases l join workers w on w.id = l.owner where l.name = 'dwells' and w.pid = $1`,
        [ignorant.child.pid],
      );
      return rows.length === 1;
    });
    await startAway(WEATHER);
    await startAway(WEATHER);
    for (let index = 0; index < 5; index += 1) await set('weather', `brief-${index}`, STORM);
    await engine.call(api, 'PUT', '/entities/mast/brief', { state: 'bent' });
    // `until` allows three times this deadline.
    await until('all dwells have fired', async () => (await runsOf(storm, gale)).join() === '5,1', 5_000);
    // The timers try again every 2 s.
    await pause(5_000);
    expect(await runsOf(storm, gale)).toEqual([5, 1]);
    const { rows } = await engine.database.pool.query(
      'select distinct status from dwells where automation_id = any($1::uuid[])',
      [[storm, gale]],
    );
    expect(rows).toEqual([{ status: 'spent' }]);
    for (const id of [storm, gale]) await engine.call(api, 'DELETE', `/automations/${id}`);
  }, 360_000);

  test('a worker fires an overdue dwell even if a worker with other plugins has the lease of the sweep', async () => {
    const { pool } = engine.database;
    const automation = await save({
      name: 'leased storm',
      triggers: [{ event: 'weather.storm_started', for: { seconds: 1 } }],
      actions: [seen],
    });
    // No process has these leases, so that nothing notifies the worker.
    await pool.query(`
      insert into sweep_leases (name, owner, expires_at)
      select name, gen_random_uuid(), clock_timestamp() + interval '1 hour' from unnest(array['dwells', 'overdue-dwells']) as name
      on conflict (name) do update set owner = excluded.owner, expires_at = excluded.expires_at`);
    await pool.query(`
      insert into workers (id, host, pid, version, script_limits, expires_at, knows, reads, knows_id)
      values (gen_random_uuid(), 'elsewhere', 1, '0', 'rlimit', clock_timestamp() - interval '1 second', '{}', '{}', 'none')`);
    await startAway(WEATHER);
    await set('weather', 'leased', STORM);
    await until('the dwell has fired', async () => (await runsOf(automation)).join() === '1', 5_000);
    await pool.query(`delete from sweep_leases where name in ('dwells', 'overdue-dwells')`);
    await pool.query(`delete from workers where knows_id = 'none'`);
    await engine.call(api, 'DELETE', `/automations/${automation}`);
  }, 360_000);

  test('a dwell is kept while no worker can read the definition of its automation', async () => {
    const { pool } = engine.database;
    const automation = await save({
      name: 'of a newer release',
      triggers: [
        {
          event: 'automation.entity_changed',
          config: { kind: 'sail', field: 'state', to: 'torn' },
          for: { seconds: 2 },
        },
      ],
      actions: [seen],
    });
    const setMode = (mode: string) =>
      pool.query(
        `update automation_versions set definition = jsonb_set(definition, '{mode}', $2::jsonb) where automation_id = $1`,
        [automation, JSON.stringify(mode)],
      );
    const statuses = async () =>
      (await pool.query<{ status: string }>('select status from dwells where automation_id = $1', [automation])).rows;
    await engine.call(api, 'PUT', '/entity-kinds/sail', { schema: { type: 'object' } });
    const before = await start('');
    await engine.call(api, 'PUT', '/entities/sail/main', { state: 'torn' });
    await until('the dwell is armed', async () => (await statuses()).length === 1);
    await before.stop('SIGKILL');
    await setMode('of_a_newer_release');
    const older = await start('');
    await pause(4_000);
    expect(await statuses()).toEqual([{ status: 'armed' }]);
    await older.stop();
    await setMode('parallel');
    await start('');
    expect((await engine.ended(1, automation, 30_000)).map(({ status }) => status)).toEqual(['success']);
  }, 360_000);

  test('a wait for an event ends even if a worker that does not know the event has its partition', async () => {
    const waiting = (name: string, rule: object) =>
      save({
        name,
        triggers: [{ event: 'automation.event', config: { type: 'dock' } }],
        actions: [{ wait_for_trigger: { ...rule, timeout_seconds: 300 } }],
      });
    const alarmed = await waiting('docked', { event: 'harbour.alarm' });
    const disturbed = await waiting('docked quietly', {
      triggers: [{ event: 'automation.event', config: { type: 'never' } }, { event: 'harbour.loud_noise' }],
    });
    await Promise.all([start(''), start(HARBOUR)]);
    const berths = Array.from({ length: 12 }, (_, index) => `berth-${index}`);
    for (const subject of berths) await engine.emit('dock', {}, { subject });
    const allWait = async () =>
      (await Promise.all([engine.runs(alarmed), engine.runs(disturbed)])).every(
        (runs) => runs.length === 12 && runs.every(({ status }) => status === 'waiting'),
      );
    await until('all runs wait', allWait, 60_000);
    for (const berth of berths) {
      await appendChanges(engine.database.db, [
        {
          ...{ kind: 'event', id: berth, occurredAt: new Date(), cause: CAUSE, contextKey: berth },
          ...{ event: 'harbour.alarm', payload: { berth } },
        },
      ]);
      await engine.emit('noise', { decibel: 100 }, { subject: berth });
    }
    const runs = await Promise.all([engine.ended(12, alarmed, 30_000), engine.ended(12, disturbed, 30_000)]);
    expect(runs.flat().map(({ status }) => status)).toEqual(Array.from({ length: 24 }, () => 'success'));
  }, 360_000);

  test('a run reports that no worker has the trigger that it waits for, and continues when one has', async () => {
    const automation = await save({
      name: 'docked alone',
      triggers: [{ event: 'automation.event', config: { type: 'dock-alone' } }],
      actions: [{ wait_for_trigger: { event: 'harbour.alarm', context_key: '*', timeout_seconds: 300 } }],
    });
    await start('');
    await engine.emit('dock-alone');
    const stuck = await until('the run says why it is stuck', async () => {
      const [row] = await engine.runs(automation);
      if (row === undefined) return null;
      const { run } = (await engine.call(api, 'GET', `/runs/${row.id}`)) as { run: Record<string, unknown> };
      return run['status'] === 'running' && run['stuck'] !== null ? run : null;
    });
    expect(stuck).toMatchObject({ stuck: 'No worker has trigger harbour.alarm.' });
    await start(HARBOUR);
    await until('the run waits', async () => (await engine.runs(automation))[0]?.status === 'waiting', 60_000);
    await appendChanges(engine.database.db, [
      {
        ...{ kind: 'event', id: 'berth', occurredAt: new Date(), cause: CAUSE, contextKey: 'berth' },
        ...{ event: 'harbour.alarm', payload: { berth: 'berth' } },
      },
    ]);
    expect((await engine.ended(1, automation, 30_000)).map(({ status }) => status)).toEqual(['success']);
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
    await until('the call is on its way', async () => {
      const [run] = await engine.runs(automation);
      return run !== undefined && (await engine.steps(run.id)).some(({ status }) => status === 'running');
    });
    const since = Date.now();
    await worker.stop();
    expect(Date.now() - since).toBeLessThan(allowedMs(9_000));
    expect(worker.child.exitCode).toBe(0);
  }, 180_000);
});
