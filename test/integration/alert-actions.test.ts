import { createEgress } from '../../src/edges/egress/egress';
import { createAlertmanagerClient } from '../../src/integrations/alertmanager/client';
import { createRemoteSilences } from '../../src/integrations/alertmanager/silences';
import { startEngine, type Engine } from '../support/engine';
import { describeWithPrometheus, startAlertmanager, type MonitoringServer } from '../support/prometheus';
import type { FermataProcess } from '../support/process';

type Fields = Record<string, unknown>;

describeWithPrometheus('silences in a real Alertmanager', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  let alertmanager: MonitoringServer;
  let connectionId: string;
  beforeAll(async () => {
    [engine, alertmanager] = await Promise.all([startEngine(), startAlertmanager()]);
    api = await engine.api();
    await engine.worker();
    const connection = { name: 'am', type: 'alertmanager', config: { url: alertmanager.url } };
    connectionId = String((await engine.call(api, 'POST', '/connections', connection))['id']);
  }, 360_000);
  afterAll(async () => {
    await alertmanager.stop();
    await engine.close();
  });

  const remoteSilences = async (): Promise<Fields[]> =>
    (await (await fetch(`${alertmanager.url}/api/v2/silences`)).json()) as Fields[];
  const localSilences = async () => ((await engine.call(api, 'GET', '/alert-silences')) as { items: Fields[] }).items;
  const fire = (fingerprint: string, labels: Fields) =>
    engine.call(api, 'POST', '/ingest/alertmanager', { alerts: [{ status: 'firing', fingerprint, labels }] });
  const automation = (name: string, matcher: string, actions: string) => `
name: ${name}
triggers: [{ event: alert.fired, config: { matchers: ['${matcher}'] } }]
actions:
${actions}`;

  test('the connection test reports the version of Alertmanager', async () => {
    expect(await engine.call(api, 'POST', `/connections/${connectionId}/test`)).toMatchObject({
      message: expect.stringMatching(/Alertmanager \d+\.\d+/) as string,
    });
  });

  test('alert.silence silences the alert of the run here and in Alertmanager, and alert.unsilence ends both silences', async () => {
    const id = await engine.save(
      automation(
        'Hush',
        'alertname="Noisy"',
        `  - id: hush
    action: alert.silence
    config: { durationMinutes: 30, comment: known, connectionId: ${connectionId} }`,
      ),
    );
    await fire('n1', { alertname: 'Noisy', instance: 'db-1' });
    const [run] = await engine.ended(1, id, 30_000);
    expect(run).toMatchObject({ status: 'success' });
    const [there] = await remoteSilences();
    expect(there).toMatchObject({
      createdBy: 'automation:Hush',
      comment: `known [fermata:${run?.id}:actions[0]]`,
      status: { state: 'active' },
      matchers: expect.arrayContaining([
        { name: 'alertname', value: 'Noisy', isRegex: false, isEqual: true },
        { name: 'instance', value: 'db-1', isRegex: false, isEqual: true },
      ]) as unknown,
    });
    const [here] = await localSilences();
    expect(here).toMatchObject({ fingerprint: 'n1', comment: 'known', createdBy: 'automation:Hush' });
    expect(new Date(String(here?.['endsAt'])).getTime()).toBe(new Date(String(there?.['endsAt'])).getTime());
    const [step] = await engine.steps(run?.id ?? '');
    expect(step?.result).toMatchObject({ silenceId: here?.['id'], remoteSilenceId: there?.['id'] });
    expect(await engine.call(api, 'GET', '/alerts/n1')).toMatchObject({ silencedUntil: here?.['endsAt'] });

    const unsilence = await engine.save(
      automation('Speak', 'alertname="Speak"', `  - { action: alert.unsilence, config: { fingerprint: n1 } }`),
    );
    await fire('s1', { alertname: 'Speak' });
    expect(await engine.ended(1, unsilence, 30_000)).toMatchObject([{ status: 'success' }]);
    expect(await localSilences()).toEqual([]);
    expect((await remoteSilences())[0]).toMatchObject({ status: { state: 'expired' } });
    expect(await engine.call(api, 'GET', '/alerts/n1')).not.toHaveProperty('silencedUntil');
  }, 270_000);

  test('Alertmanager receives matchers unchanged; if it refuses one, the step fails and leaves no silence here', async () => {
    const silence = (matchers: string) =>
      `  - { action: alert.silence, config: { matchers: ${matchers}, durationMinutes: 5, connectionId: ${connectionId} } }`;
    const good = await engine.save(automation('Good', 'alertname="Good"', silence(`['team=~"a|b"', 'env!="test"']`)));
    await fire('g1', { alertname: 'Good' });
    expect(await engine.ended(1, good, 30_000)).toMatchObject([{ status: 'success' }]);
    expect(await remoteSilences()).toContainEqual(
      expect.objectContaining({
        matchers: expect.arrayContaining([
          { name: 'team', value: 'a|b', isRegex: true, isEqual: true },
          { name: 'env', value: 'test', isRegex: false, isEqual: false },
        ]) as unknown,
      }),
    );
    const before = await localSilences();
    // Alertmanager requires at least one matcher that does not match the empty string.
    const bad = await engine.save(automation('Bad', 'alertname="Bad"', silence(`['env=~".*"']`)));
    await fire('b1', { alertname: 'Bad' });
    expect(await engine.ended(1, bad, 30_000)).toMatchObject([
      { status: 'failed', error: { code: 'http_status', message: expect.stringContaining('Alertmanager says') } },
    ]);
    expect(await localSilences()).toEqual(before);
  }, 270_000);

  test('an unknown alert fails the step before anything is sent', async () => {
    const count = (await remoteSilences()).length;
    const id = await engine.save(
      automation(
        'Unknown',
        'alertname="Unknown"',
        `  - { action: alert.silence, config: { fingerprint: nobody, durationMinutes: 5, connectionId: ${connectionId} } }`,
      ),
    );
    await fire('u1', { alertname: 'Unknown' });
    expect(await engine.ended(1, id, 30_000)).toMatchObject([{ status: 'failed', error: { code: 'not_found' } }]);
    expect(await remoteSilences()).toHaveLength(count);
  }, 180_000);

  test('a repeated attempt finds the silence of the first attempt by its marker, even if the silence has expired', async () => {
    const egress = createEgress({ allow: ['127.0.0.1'] });
    try {
      const silences = createRemoteSilences(createAlertmanagerClient(egress));
      const call = { signal: AbortSignal.timeout(20_000), timeoutMs: 5_000, now: new Date() };
      const connection = { url: alertmanager.url };
      const silence = {
        ...{ matchers: [], labels: { alertname: 'Twice' }, comment: '', createdBy: 'automation:A' },
        ...{ endsAt: new Date(Date.now() + 60_000), idempotencyKey: 'run:actions[0]' },
      };
      const first = await silences.create(connection, silence, call);
      expect(await silences.create(connection, silence, call)).toBe(first);
      await silences.expire(connection, first, call);
      await silences.expire(connection, first, call);
      await silences.expire(connection, '00000000-0000-4000-8000-000000000000', call);
      expect(await silences.create(connection, silence, call)).toBe(first);
      const other = { ...silence, idempotencyKey: 'run:actions[1]' };
      expect(await silences.create(connection, other, call)).not.toBe(first);
    } finally {
      await egress.close();
    }
  });
});
