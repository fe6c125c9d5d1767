import { setTimeout as pause } from 'node:timers/promises';
import { appendChanges } from '../../src/db/change-log';
import { lazyClient } from '../../src/temporal/connect';
import { CAUSE, HARBOUR, seen, withPluginFleet, STORM, WEATHER, type PluginFleet } from '../support/plugin-fleet';
import { until } from '../support/until';

describe('dwells and waits among workers with different plugins', () => {
  let fleet: PluginFleet;
  let engine: PluginFleet['engine'];
  let api: PluginFleet['api'];
  withPluginFleet((started) => {
    fleet = started;
    ({ engine, api } = started);
  });

  test('a dwell is kept while no worker has its trigger, and fires on a worker that has it', async () => {
    const automation = await fleet.save({
      name: 'long storm',
      triggers: [{ event: 'weather.storm_started', for: { seconds: 2 } }],
      actions: [seen],
    });
    const withTrigger = await fleet.start(WEATHER);
    await fleet.set('weather', 'long-storm', STORM);
    await until('the dwell is armed', async () => {
      const { rows } = await engine.database.pool.query(`select 1 from dwells where automation_id = $1`, [automation]);
      return rows.length === 1;
    });
    await withTrigger.stop('SIGKILL');
    await fleet.start('');
    await pause(4_000);
    const { rows } = await engine.database.pool.query(`select status from dwells where automation_id = $1`, [
      automation,
    ]);
    expect(rows).toEqual([{ status: 'armed' }]);
    await fleet.start(WEATHER);
    expect((await engine.ended(1, automation, 30_000)).map(({ status }) => status)).toEqual(['success']);
  }, 360_000);

  test('a dwell whose timer runs on a worker without its trigger or filter is fired once by another worker, within 15 s', async () => {
    await engine.call(api, 'PUT', '/entity-kinds/mast', { schema: { type: 'object' } });
    const storm = await fleet.save({
      name: 'brief storm',
      triggers: [{ event: 'weather.storm_started', for: { seconds: 2 } }],
      actions: [seen],
    });
    const gale = await fleet.save({
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
    // This worker takes the leases of the sweeps, and all timers, because no other worker reaches Temporal.
    const withoutPlugins = await fleet.start('');
    await until('it has the lease of the dwells', async () => {
      const { rows } = await engine.database.pool.query(
        `select 1 from sweep_leases l join workers w on w.id = l.owner where l.name = 'dwells' and w.pid = $1`,
        [withoutPlugins.child.pid],
      );
      return rows.length === 1;
    });
    await fleet.startWithoutTemporal(WEATHER);
    await fleet.startWithoutTemporal(WEATHER);
    for (let index = 0; index < 5; index += 1) await fleet.set('weather', `brief-${index}`, STORM);
    await engine.call(api, 'PUT', '/entities/mast/brief', { state: 'bent' });
    // `until` allows three times this deadline.
    await until('all dwells have fired', async () => (await fleet.runsOf(storm, gale)).join() === '5,1', 5_000);
    // The timers try again every 2 s.
    await pause(5_000);
    expect(await fleet.runsOf(storm, gale)).toEqual([5, 1]);
    const { rows } = await engine.database.pool.query(
      'select distinct status from dwells where automation_id = any($1::uuid[])',
      [[storm, gale]],
    );
    expect(rows).toEqual([{ status: 'spent' }]);
    for (const id of [storm, gale]) await engine.call(api, 'DELETE', `/automations/${id}`);
  }, 360_000);

  test('a worker fires an overdue dwell even if a worker with other plugins has the lease of the sweep', async () => {
    const { pool } = engine.database;
    const automation = await fleet.save({
      name: 'leased storm',
      triggers: [{ event: 'weather.storm_started', for: { seconds: 1 } }],
      actions: [seen],
    });
    // The owner of these leases does not exist, so nothing notifies the worker.
    await pool.query(`
      insert into sweep_leases (name, owner, expires_at)
      select name, gen_random_uuid(), clock_timestamp() + interval '1 hour' from unnest(array['dwells', 'overdue-dwells']) as name
      on conflict (name) do update set owner = excluded.owner, expires_at = excluded.expires_at`);
    await pool.query(`
      insert into workers (id, host, pid, version, script_limits, expires_at, knows, reads, knows_id)
      values (gen_random_uuid(), 'elsewhere', 1, '0', 'rlimit', clock_timestamp() - interval '1 second', '{}', '{}', 'none')`);
    await fleet.startWithoutTemporal(WEATHER);
    await fleet.set('weather', 'leased', STORM);
    await until('the dwell has fired', async () => (await fleet.runsOf(automation)).join() === '1', 5_000);
    await pool.query(`delete from sweep_leases where name in ('dwells', 'overdue-dwells')`);
    await pool.query(`delete from workers where knows_id = 'none'`);
    await engine.call(api, 'DELETE', `/automations/${automation}`);
  }, 360_000);

  test('a dwell is kept while no worker can read the definition of its automation', async () => {
    const { pool } = engine.database;
    const automation = await fleet.save({
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
    const before = await fleet.start('');
    await engine.call(api, 'PUT', '/entities/sail/main', { state: 'torn' });
    await until('the dwell is armed', async () => (await statuses()).length === 1);
    await before.stop('SIGKILL');
    await setMode('of_a_newer_release');
    const older = await fleet.start('');
    await pause(4_000);
    expect(await statuses()).toEqual([{ status: 'armed' }]);
    await older.stop();
    await setMode('parallel');
    await fleet.start('');
    expect((await engine.ended(1, automation, 30_000)).map(({ status }) => status)).toEqual(['success']);
  }, 360_000);

  test('a wait for an event ends even if its partition belongs to a worker that does not have the event', async () => {
    const waiting = (name: string, rule: object) =>
      fleet.save({
        name,
        triggers: [{ event: 'automation.event', config: { type: 'dock' } }],
        actions: [{ wait_for_trigger: { ...rule, timeout_seconds: 300 } }],
      });
    const alarmed = await waiting('docked', { event: 'harbour.alarm' });
    const disturbed = await waiting('docked quietly', {
      triggers: [{ event: 'automation.event', config: { type: 'never' } }, { event: 'harbour.loud_noise' }],
    });
    await Promise.all([fleet.start(''), fleet.start(HARBOUR)]);
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

  test('a run reports that no worker has the trigger that it waits for, and continues on a worker that has it', async () => {
    const automation = await fleet.save({
      name: 'docked alone',
      triggers: [{ event: 'automation.event', config: { type: 'dock-alone' } }],
      actions: [{ wait_for_trigger: { event: 'harbour.alarm', context_key: '*', timeout_seconds: 300 } }],
    });
    await fleet.start('');
    await engine.emit('dock-alone');
    const stuck = await fleet.stuckRun(automation);
    expect(stuck).toMatchObject({ stuck: 'No worker has trigger harbour.alarm.' });
    await fleet.start(HARBOUR);
    await until('the run waits', async () => (await engine.runs(automation))[0]?.status === 'waiting', 60_000);
    await appendChanges(engine.database.db, [
      {
        ...{ kind: 'event', id: 'berth', occurredAt: new Date(), cause: CAUSE, contextKey: 'berth' },
        ...{ event: 'harbour.alarm', payload: { berth: 'berth' } },
      },
    ]);
    expect((await engine.ended(1, automation, 30_000)).map(({ status }) => status)).toEqual(['success']);
  }, 360_000);

  test('a wait that no worker can evaluate outlives housekeeping, and ends when a worker can', async () => {
    const { pool } = engine.database;
    await engine.call(api, 'PUT', '/entity-kinds/vane', { schema: { type: 'object' } });
    const automation = await fleet.save({
      name: 'windy',
      triggers: [{ event: 'automation.event', config: { type: 'windy' } }],
      actions: [{ wait_until: { condition: "(state.vane['top'].kmh | beaufort) > 8", timeout_seconds: 3600 } }],
    });
    await engine.call(api, 'PUT', '/entities/vane/top', { kmh: 0 });
    const knowing = await fleet.start(WEATHER);
    await engine.emit('windy');
    await until('the run waits', async () => (await engine.runs(automation))[0]?.status === 'waiting', 60_000);
    await knowing.stop();
    await fleet.start('');
    await engine.call(api, 'PUT', '/entities/vane/top', { kmh: 100 });
    const waits = async () => {
      const { rows } = await pool.query<{ woken: boolean }>(
        `select w.woken_by is not null as woken from waits w join runs r on r.id = w.run_id where r.automation_id = $1`,
        [automation],
      );
      return rows;
    };
    await until('the wait is woken', async () => (await waits()).some(({ woken }) => woken), 60_000);
    await pool.query(`update waits set since = since - interval '10 minutes'`);
    const temporal = lazyClient(engine.temporal);
    await temporal.workflow.execute('housekeeping', {
      ...{ taskQueue: engine.temporal.taskQueue, workflowId: 'housekeeping-of-the-test' },
    });
    await temporal.connection.close();
    expect(await waits()).toEqual([{ woken: true }]);
    await fleet.start(WEATHER);
    expect((await engine.ended(1, automation, 60_000)).map(({ status }) => status)).toEqual(['success']);
  }, 360_000);
});
