import { startEngine, type Engine } from '../support/engine';
import type { FermataProcess } from '../support/process';
import { until } from '../support/until';

type Fields = Record<string, unknown>;

describe('automations on alerts', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  beforeAll(async () => {
    engine = await startEngine();
    api = await engine.api();
    await engine.worker();
  }, 120_000);
  afterAll(() => engine.close());

  const send = async (fingerprint: string, labels: Fields, more: Fields = {}) => {
    const alert = { status: 'firing', fingerprint, labels, annotations: { runbook_url: `https://rb/${fingerprint}` } };
    const answer = await engine.post(api, '/ingest/alertmanager', {
      alerts: [{ ...alert, startsAt: new Date().toISOString(), ...more }],
    });
    expect(answer.status).toBe(202);
  };
  const outcome = (automationId: string, wanted: string) =>
    until(
      `outcome ${wanted}`,
      async () => (await engine.outcomes(automationId)).some(({ outcome: found }) => found === wanted),
      20_000,
    );

  const automation = (name: string, trigger: string, actions: string) => `
name: ${name}
mode: parallel
triggers: [${trigger}]
actions:
${actions}`;

  test('a matching alert starts a run that sees labels, the runbook and the alerts of its system', async () => {
    const id = await engine.save(
      automation(
        'Disk',
        `{ event: alert.fired, config: { matchers: ['alertname="DiskFull"', 'env=~"prod|stage"'] } }`,
        `  - { action: alert.acknowledge }
  - { action: automation.log, config: { message: "{{ trigger.payload.labels.instance }} {{ trigger.payload.runbookUrl }} {{ alerts.firing.count }}" } }
  - wait_until: { condition: 'state.alert[trigger.payload.fingerprint].status == "resolved"', timeout_seconds: 60 }`,
      ),
    );
    await send('d1', { alertname: 'DiskFull', env: 'prod', instance: 'db-1', service: 'db' });
    await send('d1', { alertname: 'DiskFull', env: 'prod', instance: 'db-1', service: 'db' });
    await send('d2', { alertname: 'DiskFull', env: 'test', instance: 'db-2', service: 'db' });
    await outcome(id, 'config');
    await until(
      'it is acknowledged',
      async () => ((await engine.call(api, 'GET', '/alerts/d1')) as Fields)['acknowledgedBy'] === 'automation:Disk',
      20_000,
    );
    await send('d1', { alertname: 'DiskFull', env: 'prod' }, { status: 'resolved' });
    const [run] = await engine.ended(1, id, 30_000);
    expect(run).toMatchObject({ status: 'success', context_key: 'd1' });
    const detail = (await engine.call(api, 'GET', '/alerts/d1')) as { runs: Fields[] };
    expect(detail.runs).toMatchObject([{ automationId: id, automationName: 'Disk' }]);
  }, 120_000);

  test('a silenced alert starts nothing, with the reason; its resolution does', async () => {
    const fired = await engine.save(
      automation(
        'Fired',
        '{ event: alert.fired, config: { matchers: [team=quiet] } }',
        '  - { stop: { reason: done } }',
      ),
    );
    const resolved = await engine.save(
      automation(
        'Resolved',
        '{ event: alert.resolved, config: { matchers: [team=quiet] } }',
        '  - { stop: { reason: done } }',
      ),
    );
    const silence = { matchers: ['team="quiet"'], durationMinutes: 10, comment: 'db upgrade' };
    expect((await engine.post(api, '/alert-silences', silence)).status).toBe(201);
    await send('q1', { alertname: 'A', team: 'quiet' });
    await outcome(fired, 'silenced');
    await send('q1', { alertname: 'A', team: 'quiet' }, { status: 'resolved' });
    await engine.ended(1, resolved, 30_000);
    expect(await engine.runs(fired)).toEqual([]);
  }, 120_000);

  test('a dwell of a group holds while any alert of it fires; the key is made of the labels', async () => {
    const id = await engine.save(
      automation(
        'Group',
        `{ event: alert.fired, config: { matchers: [alertname=Grouped], group_by: [cluster, zone] }, for: { seconds: 4 } }`,
        '  - { stop: { reason: done } }',
      ),
    );
    const labels = { alertname: 'Grouped', cluster: 'c,1' };
    await send('g1', labels);
    await outcome(id, 'dwell_armed');
    await send('g2', labels);
    await outcome(id, 'dwell_held');
    await send('g1', labels, { status: 'resolved' });
    const [run] = await engine.ended(1, id, 30_000);
    expect(run).toMatchObject({ status: 'success', context_key: 'cluster=c\\,1,zone=' });
  }, 120_000);

  test('a matcher that does not parse is refused at save with its place and column', async () => {
    const bad = {
      name: 'Bad',
      triggers: [{ event: 'alert.fired', config: { matchers: ['a="1"', 'b=~"("'] } }],
      actions: [{ stop: { reason: 'done' } }],
    };
    const answer = await engine.post(api, '/automations', bad);
    expect(answer.status).toBe(422);
    const problem = (await answer.json()) as { errors: Fields[] };
    expect(problem.errors).toHaveLength(1);
    expect(problem.errors[0]).toMatchObject({
      path: 'triggers[0].config.matchers[1]',
      message: expect.stringContaining('column 4') as string,
    });
  }, 60_000);
});
