import { useService } from '../support/engine';
import { until } from '../support/until';

describe('maintenances', () => {
  const { engine, api, worker } = useService();

  const call = (method: string, path: string, body?: unknown) => engine.request(api, method, path, body);
  const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
  const plan = (systemId: string, fromMs: number, untilMs: number, more: object = {}) =>
    call('POST', '/maintenances', {
      ...{ title: 'Upgrade', systemIds: [systemId], startAt: inMs(fromMs), endAt: inMs(untilMs) },
      ...more,
    });
  const listen = (event: string) =>
    engine.save(`
      name: ${event}
      mode: parallel
      triggers: [{ event: ${event} }]
      actions: [{ action: automation.log, config: { message: "{{ trigger.payload.maintenanceId }}" } }]
    `);
  const runsAbout = async (automationId: string, maintenanceId: unknown) =>
    (await engine.runs(automationId)).filter((run) => run.context_key === maintenanceId);
  const health = async (systemId: string) => (await call('GET', `/health/${systemId}`)).body;

  test('start and end on time, and both are reported once, even if no worker was running at that time', async () => {
    const [started, ended] = [await listen('maintenance.started'), await listen('maintenance.ended')];
    await call('POST', '/systems', { id: 'db', name: 'Database' });
    const planned = await plan('db', 700, 1_500, { suppressNotifications: true });
    expect(planned).toMatchObject({ status: 201, body: { status: 'scheduled', systemIds: ['db'] } });
    const { id, startAt, endAt } = planned.body;
    expect(await health('db')).toMatchObject({ inMaintenance: false, notificationsSuppressed: false });
    await worker.stop('SIGKILL');
    await until('it has begun by the clock', async () => (await health('db')).inMaintenance === true);
    expect(await health('db')).toMatchObject({ notificationsSuppressed: true });
    await until('it is over by the clock', async () => (await health('db')).inMaintenance === false);
    await engine.worker();
    await until('the end is reported', async () => (await runsAbout(ended, id)).length === 1);
    await engine.ended(1, started);
    await engine.ended(1, ended);
    expect(await runsAbout(started, id)).toHaveLength(1);
    expect((await call('GET', `/maintenances/${String(id)}`)).body).toMatchObject({ status: 'completed' });
    const { rows } = await engine.database.pool.query<{ occurred_at: Date }>(
      `select occurred_at from changes where kind = 'maintenance' and entity_id = $1 order by seq`,
      [id],
    );
    expect(rows.slice(1).map((row) => row.occurred_at.toISOString())).toEqual([startAt, endAt]);
  }, 360_000);

  test('are reported as created and as started if they have already begun, and can be changed, ended early and deleted', async () => {
    const [created, started] = [await listen('maintenance.created'), await listen('maintenance.started')];
    const { body } = await plan('web', -60_000, 3_600_000);
    expect(body).toMatchObject({ status: 'in_progress' });
    await until('created is reported', async () => (await runsAbout(created, body.id)).length === 1);
    await until('started is reported', async () => (await runsAbout(started, body.id)).length === 1);
    const path = `/maintenances/${String(body.id)}`;
    expect((await call('PATCH', path, { title: 'Longer', endAt: inMs(7_200_000) })).body).toMatchObject({
      ...{ title: 'Longer', status: 'in_progress' },
    });
    expect(await call('PATCH', path, { endAt: inMs(-3_600_000) })).toMatchObject({ status: 422 });
    expect((await call('PATCH', path, { status: 'completed' })).body).toMatchObject({ status: 'completed' });
    expect(await call('PATCH', path, { endAt: inMs(9_000_000) })).toMatchObject({ status: 409 });
    expect((await call('GET', '/maintenances?systemId=web&status=completed')).body.items).toHaveLength(1);
    expect(await call('POST', `${path}/updates`, { message: 'All done' })).toMatchObject({ status: 201 });
    expect((await call('GET', `${path}/updates`)).body.items).toMatchObject([{ message: 'All done' }]);
    expect((await call('DELETE', path)).status).toBe(204);
    expect((await call('GET', path)).status).toBe(404);
    expect((await call('GET', `${path}/updates`)).status).toBe(404);
    expect(await plan('web', 10, 5)).toMatchObject({ status: 422 });
  }, 180_000);

  test('can be started by an automation, make a condition of another automation false, and be cleared, even twice', async () => {
    await call('POST', '/systems', { id: 'shop', name: 'Shop' });
    const set = await engine.save(`
      name: Deploy begins
      triggers: [{ event: automation.event, config: { type: deploy.begin } }]
      actions:
        - id: window
          action: maintenance.set_system
          config: { systemId: shop, durationMinutes: 30 }
        - action: maintenance.add_update
          config: { message: deploying }
        - action: maintenance.update
          config: { title: Deploy }
    `);
    const page = await engine.save(`
      name: Page
      triggers: [{ event: automation.event, config: { type: page } }]
      conditions: ["!health.system.in_maintenance"]
      actions: [{ action: automation.log, config: { message: page } }]
    `);
    const clear = await engine.save(`
      name: Deploy ends
      mode: queued
      triggers: [{ event: automation.event, config: { type: deploy.end } }]
      actions:
        - id: done
          action: maintenance.clear_system
          config: { systemId: shop, message: deployed }
    `);
    await engine.emit('deploy.begin');
    expect(await engine.ended(1, set)).toMatchObject([{ status: 'success' }]);
    expect((await call('GET', '/maintenances?systemId=shop')).body.items).toMatchObject([
      { title: 'Deploy', status: 'in_progress', createdBy: { type: 'automation' } },
    ]);
    await engine.emit('page', {}, { subject: 'shop' });
    await until('the reason is written', async () => (await engine.outcomes(page)).length === 1);
    expect(await engine.outcomes(page)).toMatchObject([{ outcome: 'condition' }]);
    await engine.emit('deploy.end', {}, { times: 2 });
    const runs = await engine.ended(2, clear);
    expect(runs.map((run) => run.status)).toEqual(['success', 'success']);
    expect(await health('shop')).toMatchObject({ inMaintenance: false });
    const [{ id: cleared } = { id: '' }] = (await call('GET', '/maintenances?systemId=shop')).body.items as {
      id: string;
    }[];
    const updates = (await call('GET', `/maintenances/${cleared}/updates`)).body.items as { message: string }[];
    expect(updates.map(({ message }) => message)).toEqual(['deployed', 'deploying']);
    await engine.emit('page', {}, { subject: 'shop' });
    expect(await engine.ended(1, page)).toMatchObject([{ status: 'success' }]);
  }, 180_000);

  test('start runs in which health.system is the first of their systems', async () => {
    await call('POST', '/systems', { id: 'mail', name: 'Mail' });
    const id = await engine.save(`
      name: Started
      triggers: [{ event: maintenance.started }]
      conditions: ['"mail" in trigger.payload.systemIds']
      actions:
        - { action: automation.log, config: { message: "{{ health.system.in_maintenance }} {{ health.system.status }}" } }
    `);
    const times = { startAt: inMs(-1_000), endAt: inMs(600_000) };
    await call('POST', '/maintenances', { title: 'Mail', systemIds: ['mail'], ...times });
    const [run] = await engine.ended(1, id);
    expect((await engine.steps(run?.id ?? ''))[0]?.result).toMatchObject({ message: 'true healthy' });
  }, 180_000);
});
