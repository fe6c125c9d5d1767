import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { sandboxProblem } from '../../src/integrations/script/sandbox';
import { projectRoot } from '../../src/project-root';
import { startEngine, type Engine } from '../support/engine';
import type { FermataProcess } from '../support/process';
import { startVendorServer } from '../support/vendor-server';
import { until } from '../support/until';

type Fields = Record<string, unknown>;

const GUIDES = join(projectRoot(), 'examples', 'alerts');

/** Checks that each guide on alerts works as described, with seconds instead of minutes. */
describe('the guides on alerts', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  const tested = new Set<string>();
  beforeAll(async () => {
    const sandbox = { FERMATA_SCRIPT_SANDBOX: (await sandboxProblem()) === null ? 'bubblewrap' : 'none' };
    engine = await startEngine();
    api = await engine.api(sandbox);
    await engine.worker(sandbox);
  }, 360_000);
  afterEach(async () => {
    // The alerts of the next test must not start the automations of this test.
    for (const { id } of (await engine.database.pool.query<{ id: string }>('select id from automations')).rows) {
      await engine.call(api, 'POST', `/automations/${id}/disable`, {});
    }
  });
  afterAll(() => engine.close());

  const guide = async (name: string, ...changes: [string, string][]) => {
    tested.add(name);
    const text = readFileSync(join(GUIDES, name), 'utf8');
    return engine.save(changes.reduce((yaml, [from, to]) => yaml.replaceAll(from, to), text));
  };
  const channel = async (name: string): Promise<[string, string]> => {
    const connection = { name, type: 'webhook', config: { baseUrl: `${engine.receiver.url}/${name}` } };
    return [name, String((await engine.call(api, 'POST', '/connections', connection))['id'])];
  };
  const pages = (name: string): Fields[] =>
    engine.receiver.received.filter(({ path }) => path === `/${name}`).map(({ body }) => JSON.parse(body) as Fields);
  const send = (fingerprint: string, labels: Fields, more: Fields = {}) =>
    engine.call(api, 'POST', '/ingest/alertmanager', {
      alerts: [{ status: 'firing', fingerprint, labels, startsAt: new Date().toISOString(), ...more }],
    });
  const resolve = (fingerprint: string, labels: Fields) => send(fingerprint, labels, { status: 'resolved' });

  test('page-with-runbook sends a page with the link, and escalates unless somebody acknowledges the alert', async () => {
    const [name, pager] = await channel('PAGER');
    const id = await guide('page-with-runbook.yaml', [name, pager], ['timeout_seconds: 900', 'timeout_seconds: 3']);
    const annotations = { summary: 'Full.', runbook_url: 'https://rb/disk' };
    const labels = { alertname: 'DiskFull', severity: 'page', instance: 'db-1' };
    await send('p1', labels, { annotations });
    await engine.ended(1, id, 30_000);
    expect(pages('PAGER')).toMatchObject([
      { title: 'DiskFull on db-1', body: 'Full. Runbook: https://rb/disk' },
      { title: 'Nobody has acknowledged DiskFull', body: 'https://rb/disk' },
    ]);
    await send('p2', { ...labels, instance: 'db-2' }, { annotations });
    await until('db-2 is paged', () => pages('PAGER').length === 3, 20_000);
    await engine.call(api, 'POST', '/alerts/p2/acknowledge', { by: 'ada' });
    await engine.ended(2, id, 30_000);
    expect(pages('PAGER')).toHaveLength(3);
  }, 270_000);

  test('dampen-flapping opens one incident for an alert that flaps', async () => {
    const id = await guide('dampen-flapping.yaml');
    const labels = { alertname: 'Flappy', service: 'flaps' };
    for (let episode = 0; episode < 7; episode += 1) {
      await send('f1', labels);
      await resolve('f1', labels);
    }
    await engine.ended(1, id, 30_000);
    await engine.routed();
    expect(await engine.runs(id)).toHaveLength(1);
    const { items } = (await engine.call(api, 'GET', '/incidents')) as { items: Fields[] };
    expect(items).toMatchObject([{ title: 'Flappy is flapping', systemIds: ['flaps'] }]);
  }, 270_000);

  test('mute-during-maintenance pages after the maintenance, only about alerts that are still firing', async () => {
    const [name, pager] = await channel('PAGER_2');
    const id = await guide('mute-during-maintenance.yaml', ['PAGER', pager]);
    for (const system of ['m1', 'm2']) await engine.call(api, 'POST', '/systems', { id: system, name: system });
    const maintenance = await engine.call(api, 'POST', '/maintenances', {
      ...{ title: 'Upgrade', systemIds: ['m1', 'm2'], startAt: new Date().toISOString() },
      endAt: new Date(Date.now() + 3_600_000).toISOString(),
    });
    const inMaintenance = async (): Promise<boolean> =>
      (await engine.call(api, 'GET', `/maintenances/${String(maintenance['id'])}`))['status'] === 'in_progress';
    await until('the maintenance runs', inMaintenance, 20_000);
    for (const system of ['m1', 'm2']) await send(`mute-${system}`, { alertname: 'Down', service: system });
    await until(
      'both wait',
      async () => (await engine.runs(id)).filter(({ status }) => status === 'waiting').length === 2,
      20_000,
    );
    await resolve('mute-m1', { alertname: 'Down', service: 'm1' });
    await engine.call(api, 'PATCH', `/maintenances/${String(maintenance['id'])}`, { endAt: new Date().toISOString() });
    await engine.ended(2, id, 30_000);
    expect(pages(name)).toHaveLength(1);
  }, 270_000);

  test('silence-in-alertmanager creates a silence in Alertmanager, and ends it when the alert resolves', async () => {
    // alert-actions.test.ts uses a real Alertmanager. Here, only the order of calls matters.
    const silences: { id: string; comment: string; status: { state: string } }[] = [];
    const alertmanager = await startVendorServer(({ method, path, body }) => {
      if (method === 'POST') {
        const { comment } = JSON.parse(body) as { comment: string };
        silences.push({ id: 's1', comment, status: { state: 'active' } });
        return { status: 200, body: { silenceID: 's1' } };
      }
      const [first] = silences;
      if (method === 'DELETE' && first) first.status.state = 'expired';
      return { status: 200, body: path.endsWith('/silences') ? silences : (first ?? {}) };
    });
    try {
      const config = { url: alertmanager.url };
      const { id: connection } = await engine.call(api, 'POST', '/connections', {
        ...{ name: 'AM', type: 'alertmanager', config },
      });
      const id = await guide('silence-in-alertmanager.yaml', ['ALERTMANAGER', String(connection)]);
      await send('s1', { alertname: 'Noisy' });
      await engine.call(api, 'POST', '/alerts/s1/acknowledge', { by: 'ada' });
      await until('the silence is created', () => silences.length === 1, 20_000);
      expect(silences[0]?.comment).toMatch(/^Acknowledged by ada \[fermata:.*\]$/);
      await until(
        'the run waits',
        async () => (await engine.runs(id)).some(({ status }) => status === 'waiting'),
        20_000,
      );
      await resolve('s1', { alertname: 'Noisy' });
      expect(await engine.ended(1, id, 30_000)).toMatchObject([{ status: 'success' }]);
      expect(silences).toMatchObject([{ status: { state: 'expired' } }]);
      expect(await engine.call(api, 'GET', '/alert-silences')).toMatchObject({ items: [] });
    } finally {
      await alertmanager.close();
    }
  }, 270_000);

  test('group-by-label sends one message for all alerts of a cluster', async () => {
    const [name, chat] = await channel('CHAT');
    const id = await guide('group-by-label.yaml', [name, chat], ['seconds: 30', 'seconds: 2']);
    for (const alertname of ['Slow', 'Errors', 'Slow2']) await send(`c-${alertname}`, { alertname, cluster: 'eu' });
    await send('c-us', { alertname: 'Slow', cluster: 'us' });
    const runs = await engine.ended(2, id, 30_000);
    expect(runs.map(({ context_key: key }) => key).toSorted()).toEqual(['cluster=eu', 'cluster=us']);
    expect(
      pages('CHAT')
        .map(({ title, body }) => `${String(title)}: ${String(body)}`)
        .toSorted(),
    ).toEqual(['1 alerts in us: Slow', '3 alerts in eu: Errors, Slow, Slow2']);
  }, 270_000);

  test('clean-up-full-disks runs the clean-up, and pages with the runbook if the alert remains', async () => {
    const [name, pager] = await channel('PAGER_3');
    const id = await guide(
      'clean-up-full-disks.yaml',
      ['PAGER', pager],
      ['timeout_seconds: 600', 'timeout_seconds: 2'],
    );
    const annotations = { runbook_url: 'https://rb/disk' };
    await send('disk', { alertname: 'DiskFull', env: 'prod', instance: 'db-1' }, { annotations });
    const [run] = await engine.ended(1, id, 60_000);
    expect(run).toMatchObject({ status: 'success' });
    expect((await engine.steps(run?.id ?? ''))[0]).toMatchObject({ result: { stdout: 'cleaning up db-1\n' } });
    expect(pages(name)).toMatchObject([{ title: 'Disk still full on db-1', body: 'https://rb/disk' }]);
  }, 270_000);

  test('group-by-label works when it is applied from Git, and finds its connection by name', async () => {
    const { name, ...spec } = parse(readFileSync(join(GUIDES, 'group-by-label.yaml'), 'utf8')) as Fields;
    const before = pages('CHAT').length;
    const document = { apiVersion: 'fermata/v1', kind: 'Automation', metadata: { name: 'clusters', title: name } };
    spec['triggers'] = [{ ...(spec['triggers'] as Fields[])[0], for: { seconds: 1 } }];
    const applied = await fetch(`${api.url}/api/v1/gitops/apply?source=guides`, {
      method: 'POST',
      headers: { authorization: engine.authorization, 'content-type': 'application/yaml' },
      body: stringify({ ...document, spec }),
    });
    expect(await applied.json()).toMatchObject({ results: [{ name: 'clusters', action: 'created' }], warnings: [] });
    await send('g1', { alertname: 'NodeDown', cluster: 'east' });
    await send('g2', { alertname: 'PodDown', cluster: 'east' });
    await until('the message is sent', () => pages('CHAT').length > before, 30_000);
    expect(pages('CHAT').at(-1)).toMatchObject({ title: '2 alerts in east', body: 'NodeDown, PodDown' });
  }, 180_000);

  test('each guide has a test in this file', () => {
    expect([...tested].sort()).toEqual(readdirSync(GUIDES).sort());
  });
});
