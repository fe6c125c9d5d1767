import { BASE, startApiHarness, type ApiHarness } from './api-harness';

type Fields = Record<string, unknown>;

describe('refused deliveries', () => {
  let h: ApiHarness;
  beforeAll(async () => {
    h = await startApiHarness({ ingestMaxBytes: 2_048 });
  });
  afterAll(() => h.end());

  const listed = async (route: string) => {
    const answer = await h.call('GET', `${BASE}/deliveries/refused?route=${encodeURIComponent(route)}`);
    return answer.body.items as Fields[];
  };
  const counted = async (route: string, code: string) => {
    const { text } = await h.call('GET', '/metrics');
    const line = text
      .split('\n')
      .find((each) => each.startsWith(`fermata_refused_deliveries_total{code="${code}",route="${route}"} `));
    return Number(line?.split(' ')[1] ?? 0);
  };

  test('a message that is too large is counted and listed', async () => {
    const alerts = [{ status: 'firing', labels: { alertname: 'A', text: 'x'.repeat(4_096) } }];
    expect((await h.call('POST', `${BASE}/ingest/grafana`, { body: { alerts } })).status).toBe(413);
    expect(await listed('/ingest/grafana')).toMatchObject([{ code: 'body_too_large', index: null, sender: 'admin' }]);
    expect(await counted('/ingest/grafana', 'body_too_large')).toBe(1);
  });

  test('a message of which every element is refused is counted once for each element', async () => {
    const body = { alerts: [{ status: 'firing' }, { status: 'odd' }] };
    expect((await h.call('POST', `${BASE}/ingest/alertmanager`, { body })).status).toBe(422);
    expect(await listed('/ingest/alertmanager')).toMatchObject([{ index: 1 }, { index: 0 }]);
    expect(await counted('/ingest/alertmanager', 'validation_failed')).toBe(2);
    expect((await h.call('POST', `${BASE}/ingest/alertmanager`, { body: '{' })).status).toBe(400);
    expect(await counted('/ingest/alertmanager', 'malformed_body')).toBe(1);
  });

  test('a batch of results or events with an invalid element is counted and listed with the index of the element', async () => {
    const good = { systemId: 'db', configurationId: 'ping', status: 'healthy' };
    const results = [good, { ...good, status: 'odd' }];
    expect((await h.call('POST', `${BASE}/ingest/health`, { body: { results } })).status).toBe(422);
    expect(await listed('/ingest/health')).toMatchObject([{ code: 'validation_failed', index: 1 }]);
    const event = { specversion: '1.0', id: '1', source: 's', type: 't' };
    const headers = { 'content-type': 'application/cloudevents-batch+json' };
    const body = JSON.stringify([event, { ...event, id: '' }]);
    expect((await h.call('POST', `${BASE}/events`, { body, headers })).status).toBe(422);
    expect(await listed('/events')).toMatchObject([{ code: 'validation_failed', index: 1 }]);
    expect(await counted('/events', 'validation_failed')).toBe(1);
  });

  test('a request without the permission is listed; a request of an unknown sender is only counted', async () => {
    const viewer = await h.token('viewer');
    const body = { alerts: [] };
    expect((await h.call('POST', `${BASE}/ingest/zabbix`, { token: viewer, body })).status).toBe(403);
    expect(await listed('/ingest/zabbix')).toMatchObject([{ code: 'forbidden' }]);
    expect((await h.call('POST', `${BASE}/ingest/zabbix`, { token: 'wrong', body })).status).toBe(401);
    expect(await listed('/ingest/zabbix')).toHaveLength(1);
    expect(await counted('/ingest/zabbix', 'unauthorized')).toBe(1);
    expect((await h.call('POST', `${BASE}/ingest/pagerduty/unknown`, { token: null, body })).status).toBe(401);
    expect(await counted('/ingest/pagerduty/{hook}', 'unauthorized')).toBe(1);
  });

  test('a refused request to another route is not a refused delivery', async () => {
    expect((await h.call('POST', `${BASE}/automations`, { body: {} })).status).toBe(422);
    expect(await listed('/automations')).toEqual([]);
  });
});
