import { useService } from '../support/engine';
import { until } from '../support/until';

type Fields = Record<string, unknown>;

describe('automations on alerts', () => {
  const { engine, api } = useService();

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

  const allRouted = () => engine.routed(60_000);

  const automation = (name: string, trigger: string, actions: string) => `
name: ${name}
mode: parallel
triggers: [${trigger}]
actions:
${actions}`;

  test('a matching alert starts one run, which can acknowledge the alert and wait for its resolution', async () => {
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
  }, 360_000);

  test('a silenced alert starts no run, and the outcome says why; its resolution starts a run', async () => {
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
  }, 360_000);

  test('an alert that is still firing when its silence ends starts no run until its next episode', async () => {
    const on = (event: string) =>
      engine.save(
        automation(
          `After ${event}`,
          `{ event: ${event}, config: { matchers: [alertname=Kept] } }`,
          '  - { stop: { reason: done } }',
        ),
      );
    const [fired, changed] = [await on('alert.fired'), await on('alert.changed')];
    const labels = { alertname: 'Kept', level: 'low' };
    await send('kept', labels);
    await engine.ended(1, fired, 30_000);
    const silence = { matchers: ['level="low"'], durationMinutes: 10 };
    const { id } = await engine.call(api, 'POST', '/alert-silences', silence);
    // Other labels move the alert out of a silence that has not ended.
    await send('kept', { ...labels, level: 'high' });
    await engine.ended(1, changed, 30_000);
    await send('kept', { ...labels, pod: 'a' });
    await outcome(changed, 'silenced');
    await engine.call(api, 'DELETE', `/alert-silences/${String(id)}`);
    await send('kept', { ...labels, pod: 'b' });
    await until(
      'the reason after the end of the silence',
      async () => (await engine.outcomes(changed)).some(({ detail }) => /^A silence ended at /.test(detail ?? '')),
      20_000,
    );
    expect(await engine.runs(changed)).toHaveLength(1);
    await send('kept', labels, { status: 'resolved' });
    await send('kept', labels);
    await engine.ended(2, fired, 30_000);
    await send('kept', { ...labels, pod: 'c' });
    await engine.ended(2, changed, 30_000);
  }, 360_000);

  test('a dwell of a group holds while any alert of the group fires; its key consists of the labels', async () => {
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
  }, 360_000);

  test("alerts.firing counts the alerts of the run's system or context key, and wakes waits", async () => {
    const seen = (matcher: string, groupBy: string) =>
      engine.save(
        automation(
          matcher,
          `{ event: alert.fired, config: { matchers: ['${matcher}']${groupBy} } }`,
          `  - { action: automation.log, config: { message: "{{ alerts.firing.count }}: {{ alerts.firing.items | map('name') | sort | join(' ') }}" } }
  - { wait_until: { condition: 'alerts.firing.count == 0', timeout_seconds: 60 } }`,
        ),
      );
    const waiting = (id: string) =>
      until('the run waits', async () => (await engine.runs(id)).find(({ status }) => status === 'waiting'), 20_000);
    const message = async (id: string) => (await engine.steps((await waiting(id)).id))[0]?.result;
    await send('fs1', { alertname: 'First', service: 'fs' });
    const ofSystem = await seen('alertname="Second"', '');
    await send('fs2', { alertname: 'Second', service: 'fs' });
    expect(await message(ofSystem)).toMatchObject({ message: '2: First Second' });
    await send('fg1', { alertname: 'G1', rack: 'r7' });
    const ofGroup = await seen('alertname="G2"', ', group_by: [rack]');
    await send('fg2', { alertname: 'G2', rack: 'r7' });
    expect(await message(ofGroup)).toMatchObject({ message: '2: G1 G2' });
    const ofOne = await seen('alertname="Alone"', '');
    await send('fo1', { alertname: 'Alone' });
    expect(await message(ofOne)).toMatchObject({ message: '1: Alone' });
    for (const fingerprint of ['fs1', 'fs2', 'fg1', 'fg2', 'fo1']) {
      await engine.call(api, 'POST', `/alerts/${fingerprint}/resolve`, {});
    }
    for (const id of [ofSystem, ofGroup, ofOne]) {
      expect(await engine.ended(1, id, 30_000)).toMatchObject([{ status: 'success' }]);
    }
  }, 360_000);

  test('an alert that is sent many times starts one run', async () => {
    const id = await engine.save(
      automation(
        'Pair',
        '{ event: alert.fired, config: { matchers: [alertname=Pair] } }',
        '  - { stop: { reason: done } }',
      ),
    );
    const startsAt = new Date().toISOString();
    const labels = { alertname: 'Pair', service: 'pair' };
    await Promise.all(Array.from({ length: 8 }, () => send('pair', labels, { startsAt })));
    await engine.ended(1, id, 30_000);
    await send('pair', labels, { startsAt });
    await allRouted();
    expect(await engine.runs(id)).toHaveLength(1);
  }, 180_000);

  test('a second alert on an unhealthy system starts its own run', async () => {
    const id = await engine.save(
      automation(
        'Each',
        '{ event: alert.fired, config: { matchers: [service=busy] } }',
        '  - { stop: { reason: done } }',
      ),
    );
    await send('busy-1', { alertname: 'Down', service: 'busy', severity: 'critical' });
    await engine.ended(1, id, 30_000);
    expect(await engine.call(api, 'GET', '/health/busy')).toMatchObject({ status: 'unhealthy' });
    await send('busy-2', { alertname: 'DiskFull', service: 'busy', severity: 'critical' });
    const runs = await engine.ended(2, id, 30_000);
    expect(runs.map(({ context_key: key }) => key)).toEqual(['busy-1', 'busy-2']);
  }, 180_000);

  test('an alert that is resolved before it has fired starts no run; a changed label causes alert.changed', async () => {
    const on = (event: string) =>
      engine.save(
        automation(
          event,
          `{ event: ${event}, config: { matchers: [alertname=Odd] } }`,
          '  - { stop: { reason: done } }',
        ),
      );
    const [fired, changed, resolved] = [await on('alert.fired'), await on('alert.changed'), await on('alert.resolved')];
    await send('odd', { alertname: 'Odd' }, { status: 'resolved' });
    await send('odd', { alertname: 'Odd', pod: 'a' });
    await engine.ended(1, fired, 30_000);
    await send('odd', { alertname: 'Odd', pod: 'b' });
    await engine.ended(1, changed, 30_000);
    await allRouted();
    expect(await engine.runs(resolved)).toEqual([]);
    const { rows } = await engine.database.pool.query<{ scope: { changedFields: string[] } }>(
      'select trigger_scope as scope from runs where automation_id = $1',
      [changed],
    );
    expect(rows).toMatchObject([{ scope: { changedFields: ['labels'] } }]);
  }, 180_000);

  test('a request with 3,000 alerts is accepted as a whole, and each alert is routed', async () => {
    const id = await engine.save(
      automation(
        'Storm',
        '{ event: alert.fired, config: { matchers: ["pod=~p.*9"], source: alertmanager } }',
        '  - { stop: { reason: done } }',
      ).replace('mode: parallel', 'mode: parallel\nmax_runs: 1000'),
    );
    const text = 'Pod has been in a non-ready state for longer than 15 minutes. '.repeat(5);
    const alerts = Array.from({ length: 3_000 }, (_, index) => ({
      ...{ status: 'firing', fingerprint: `storm-${index}`, annotations: { description: text } },
      labels: { alertname: 'PodDown', service: 'storm', severity: 'critical', pod: `p${index}` },
    }));
    const answer = await engine.call(api, 'POST', '/ingest/alertmanager', { version: '4', alerts });
    expect(answer).toMatchObject({ accepted: 3_000, rejected: [] });
    expect(new Set(answer['changeIds'] as string[]).size).toBe(3_001);
    await engine.ended(300, id, 120_000);
    await allRouted();
    expect(await engine.runs(id)).toHaveLength(300);
    expect(await engine.call(api, 'POST', '/ingest/alertmanager', { version: '4', alerts })).toMatchObject({
      ...{ accepted: 3_000, changeIds: [] },
    });
  }, 540_000);

  test('a matcher that does not parse is refused on save, with its path and column', async () => {
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
  }, 180_000);
});
