import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { sha256 } from '../../src/domain/sha256';
import { BASE, startApiHarness, type ApiHarness } from './api-harness';

type Fields = Record<string, unknown>;

const payload = (name: string) => JSON.parse(readFileSync(`examples/payloads/${name}.json`, 'utf8')) as Fields;

describe('alerts through the API', () => {
  let h: ApiHarness;
  beforeAll(async () => {
    h = await startApiHarness();
  });
  afterAll(() => h.end());

  let count = 0;
  const newId = () => `f${(count += 1)}`;
  const post = (body: unknown, sender = 'alertmanager') => h.call('POST', `${BASE}/ingest/${sender}`, { body });
  const alert = (fingerprint: string, more: Fields = {}) => ({
    ...{ status: 'firing', labels: { alertname: 'DiskFull', severity: 'critical' }, annotations: {}, fingerprint },
    ...{ startsAt: '2026-11-20T09:00:00Z', endsAt: '0001-01-01T00:00:00Z', ...more },
  });
  const fire = (fingerprint: string, more: Fields = {}) => post({ version: '4', alerts: [alert(fingerprint, more)] });
  const get = async (fingerprint: string) => {
    const answer = await h.call('GET', `${BASE}/alerts/${encodeURIComponent(fingerprint)}`);
    expect(answer.status).toBe(200);
    return answer.body;
  };
  const changes = async (fingerprint: string) =>
    (
      await h.rows<{ fields: string[] }>(
        `select changed_fields as fields from changes where kind = 'alert' and entity_id = $1 order by seq`,
        [fingerprint],
      )
    ).map(({ fields }) => fields);

  test('an alert from Grafana with version 1 is accepted, and so is one with a numeric version or none', async () => {
    const grafana = {
      ...{ receiver: 'ops', status: 'firing', orgId: 1, title: '[FIRING:1]', state: 'alerting', message: 'm' },
      ...{ groupLabels: {}, commonLabels: {}, externalURL: 'https://g/', groupKey: '{}:{}', truncatedAlerts: 2 },
      alerts: [
        {
          ...alert('c6eadffa33fcdf37'),
          labels: { alertname: 'High memory', shop: 1, ok: true, gone: null },
          ...{ dashboardURL: 'https://g/d', panelURL: '', values: { A: 1.5 }, valueString: '[ value=1.5 ]' },
          ...{ silenceURL: 'https://g/s', generatorURL: 'https://g/x' },
        },
      ],
    };
    for (const version of ['1', undefined, 4]) expect((await post({ ...grafana, version })).status).toBe(202);
    expect((await post({ ...grafana, version: '1' }, 'grafana')).body).toMatchObject({ accepted: 1, rejected: [] });
    expect(await get('grafana:c6eadffa33fcdf37')).toMatchObject({
      ...{ source: 'grafana', name: 'High memory', labels: { shop: '1', ok: 'true' }, value: { A: 1.5 } },
      ...{ dashboardUrl: 'https://g/d', silenceUrl: 'https://g/s', generatorUrl: 'https://g/x', receiver: 'ops' },
    });
    expect((await get('c6eadffa33fcdf37')).repeats).toBe(2);
  });

  test('each field of a new alert has a transition from null; a later change only has transitions of the changed fields', async () => {
    const id = newId();
    const labels = { alertname: 'DiskFull' };
    await fire(id, { labels, generatorURL: 'https://p/g' });
    await fire(id, { labels: { ...labels, severity: 'page' }, generatorURL: 'https://p/g' });
    const found = await h.call('GET', `${BASE}/entities/alert/${id}/transitions`);
    const items = found.body.items as { field: string; from: unknown; to: unknown }[];
    const fields = items.map(({ field }) => field).reverse();
    const created = ['annotations', 'labels', 'name', 'severity', 'source', 'startsAt', 'status'];
    expect(fields.slice(0, created.length).sort()).toEqual(created);
    expect(fields.slice(created.length).sort()).toEqual(['labels', 'severity']);
    expect(items.find(({ field }) => field === 'severity')).toMatchObject({ from: null, to: 'page' });
    expect(items.find(({ field }) => field === 'status')).toMatchObject({ from: null, to: 'firing' });
  });

  test('an invalid element is rejected with its position, counted and listed; the others are accepted', async () => {
    const id = newId();
    const answer = await post({ alerts: [alert(id), { status: 'firing', labels: {} }, 7, alert(newId())] });
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({
      accepted: 2,
      rejected: [{ index: 1 }, { index: 2, message: 'alert: must be an object' }],
    });
    const refused = await h.call('GET', `${BASE}/deliveries/refused?route=/ingest/alertmanager&limit=2`);
    expect(refused.body.items).toMatchObject([{ index: 2, code: 'validation_failed' }, { index: 1 }]);
    const metrics = await h.call('GET', '/metrics');
    expect(metrics.text).toContain(
      'fermata_refused_deliveries_total{code="validation_failed",route="/ingest/alertmanager"} 2',
    );
    const nothing = await post({ alerts: [{ status: 'firing' }] });
    expect(nothing).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
    expect((await post({ alerts: [] })).body).toEqual({ accepted: 0, changeIds: [], rejected: [] });
    expect((await post('{"alerts":', 'grafana')).status).toBe(400);
  });

  test('NUL and invalid UTF-8 are replaced with U+FFFD', async () => {
    const id = newId();
    const raw = JSON.stringify({ alerts: [alert(id, { annotations: { summary: 'a\0b' } })] });
    expect((await post(Buffer.from(raw))).status).toBe(202);
    expect((await get(id)).annotations).toEqual({ summary: 'a\ufffdb' });
  });

  test('a repeated message causes no change, nor does a new value, URL or start; new annotations do', async () => {
    const id = newId();
    await fire(id);
    expect((await fire(id)).body).toEqual({ accepted: 1, changeIds: [], rejected: [] });
    expect((await fire(id, { generatorURL: 'http://p/1', valueString: '2' })).body.changeIds).toEqual([]);
    expect(await get(id)).toMatchObject({ generatorUrl: 'http://p/1', value: '2', repeats: 2 });
    expect((await fire(id, { annotations: { summary: 'x' } })).body.changeIds).toHaveLength(1);
    expect(
      (await fire(id, { startsAt: '2026-11-20T09:30:00Z', annotations: { summary: 'x' } })).body.changeIds,
    ).toEqual([]);
    expect((await get(id)).startsAt).toBe('2026-11-20T09:00:00.000Z');
    expect(await changes(id)).toHaveLength(2);
    expect((await changes(id))[1]).toEqual(['annotations']);
    await fire(id, { annotations: { summary: 'x', runbook_url: 'https://rb/1' } });
    expect(await get(id)).toMatchObject({ runbookUrl: 'https://rb/1' });
    expect((await changes(id))[2]).toEqual(['annotations']);
  });

  test('episodes: late messages belong to the earlier episode; firing again begins a new one and clears the acknowledgement', async () => {
    const id = newId();
    const resolve = (endsAt: string) => fire(id, { status: 'resolved', endsAt });
    expect((await resolve('2026-11-20T08:00:00Z')).body.changeIds).toEqual([]);
    expect((await h.call('GET', `${BASE}/alerts/${id}`)).status).toBe(404);
    await fire(id);
    expect((await resolve('2026-11-20T08:00:00Z')).body.changeIds).toEqual([]);
    const acknowledged = await h.call('POST', `${BASE}/alerts/${id}/acknowledge`, { body: { by: 'Ada' } });
    expect(acknowledged).toMatchObject({ status: 200, body: { acknowledgedBy: 'Ada', status: 'firing' } });
    const again = await h.call('POST', `${BASE}/alerts/${id}/acknowledge`, { body: { by: 'Bob' } });
    expect(again).toMatchObject({ status: 200, body: { acknowledgedBy: 'Ada' } });
    expect((await resolve('2026-11-20T09:10:00Z')).body.changeIds).toHaveLength(1);
    const late = await h.call('POST', `${BASE}/alerts/${id}/acknowledge`);
    expect(late).toMatchObject({ status: 409, body: { code: 'not_firing' } });
    expect((await fire(id)).body.changeIds).toEqual([]);
    expect((await fire(id, { startsAt: '2026-11-20T09:20:00Z' })).body.changeIds).toHaveLength(1);
    const now = await get(id);
    expect(now).toMatchObject({ status: 'firing', startsAt: '2026-11-20T09:20:00.000Z', repeats: 0 });
    expect(now).not.toHaveProperty('acknowledgedBy');
    expect(now.episodes).toEqual([
      { startsAt: '2026-11-20T09:20:00.000Z', endsAt: null, endedBy: null, acknowledgedBy: null },
      {
        ...{ startsAt: '2026-11-20T09:00:00.000Z', endsAt: '2026-11-20T09:10:00.000Z' },
        ...{ endedBy: 'sender', acknowledgedBy: 'Ada' },
      },
    ]);
    const ended = await h.call('POST', `${BASE}/alerts/${id}/resolve`);
    expect(ended).toMatchObject({ status: 200, body: { status: 'resolved', endedBy: 'person' } });
    expect((await h.call('POST', `${BASE}/alerts/nobody/acknowledge`)).status).toBe(404);
  });

  test('each fact about the group is that of the last message that carried it', async () => {
    const id = newId();
    await post({ groupLabels: { team: 'a' }, groupKey: 'k1', truncatedAlerts: 7, alerts: [alert(id)] });
    await post({ externalURL: 'https://am', groupKey: 'k2', alerts: [alert(id, { annotations: { summary: 'x' } })] });
    const rows = await h.rows<{ payload: Fields }>(
      `select payload from changes where kind = 'alert' and entity_id = $1 order by seq`,
      [id],
    );
    expect(rows.map(({ payload }) => payload)).toEqual([
      { groupLabels: { team: 'a' }, commonLabels: {}, externalUrl: null, groupKey: 'k1', truncatedAlerts: 7 },
      { groupLabels: { team: 'a' }, commonLabels: {}, externalUrl: 'https://am', groupKey: 'k2', truncatedAlerts: 7 },
    ]);
  });

  test('an alert keeps its system when a later message of its sender leaves out the label', async () => {
    const message = (action: string, more: Fields = {}) => ({
      action,
      alert: { alertId: 'og-1', message: 'Slow', createdAt: 1_763_632_263_157, username: 'ada', ...more },
    });
    await post(message('Create', { details: { service: 'og-shop', severity: 'critical' } }), 'opsgenie');
    await post(message('Acknowledge', { updatedAt: 1_763_632_300_000 }), 'opsgenie');
    expect(await get('opsgenie:og-1')).toMatchObject({ systemId: 'og-shop', acknowledgedBy: 'ada' });
    expect((await h.call('GET', `${BASE}/health/og-shop`)).body).toMatchObject({ status: 'unhealthy' });
    // A complete message without the label removes the alert from its system.
    const id = newId();
    await fire(id, { labels: { alertname: 'A', service: 'left' } });
    await fire(id, { labels: { alertname: 'A' } });
    expect(await get(id)).not.toHaveProperty('systemId');
    expect((await h.call('GET', `${BASE}/health/left`)).body).toMatchObject({ status: 'healthy' });
  });

  test('the later of two elements with the same fingerprint is used', async () => {
    const id = newId();
    const twice = [alert(id), alert(id, { labels: { alertname: 'Other' } })];
    expect((await post({ alerts: twice })).body).toMatchObject({ accepted: 2, changeIds: [expect.any(String)] });
    expect((await get(id)).name).toBe('Other');
  });

  test('after a restore of Postgres, an episode that is sent again has the same change ids; another episode has its own', async () => {
    const id = newId();
    const at = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
    const [startsAt, endsAt] = [at(20), at(10)];
    const changeIdsOf = async (more: Fields) => (await fire(id, more)).body.changeIds as string[];
    const began = await changeIdsOf({ startsAt });
    const ended = await changeIdsOf({ status: 'resolved', startsAt, endsAt });
    const next = await changeIdsOf({ startsAt: at(5) });
    expect(new Set([...began, ...ended, ...next]).size).toBe(3);
    // The backup is from before the alert.
    await h.rows('delete from changes where entity_id = $1', [id]);
    await h.rows('delete from alerts where fingerprint = $1', [id]);
    await h.rows(`delete from entities where kind = 'alert' and id = $1`, [id]);
    expect(await changeIdsOf({ startsAt })).toEqual(began);
    expect(await changeIdsOf({ startsAt })).toEqual([]);
    expect(await changeIdsOf({ status: 'resolved', startsAt, endsAt })).toEqual(ended);
  });

  test('an alert without a fingerprint gets the one that Alertmanager derives from its labels', async () => {
    const { fingerprint: _, ...rest } = alert('x', { labels: { alertname: 'test', instance: 'localhost' } });
    await post({ alerts: [rest] });
    const [found] = (await h.call('GET', `${BASE}/alerts?matchers=alertname%3D"test"`)).body.items as Fields[];
    // Computed as in https://github.com/prometheus/common/blob/main/model/signature.go (labelSetToFingerprint).
    expect(found?.fingerprint).toBe('5b7a243172572b9e');
  });

  test('lists alerts by status, severity, system, source and matchers, page by page', async () => {
    const ids = [newId(), newId(), newId()];
    for (const [index, id] of ids.entries()) {
      const labels = {
        alertname: 'Listed',
        severity: index === 0 ? 'Page' : 'info',
        service: `list-${index}`,
        n: `${index}`,
      };
      await fire(id, { labels, startsAt: `2026-11-20T1${index}:00:00Z` });
    }
    const list = async (query: string) => {
      const { status, body } = await h.call('GET', `${BASE}/alerts?${query}`);
      return {
        status,
        next: body.nextCursor,
        ids: ((body.items ?? []) as Fields[]).map(({ fingerprint }) => fingerprint),
      };
    };
    const mine = `matchers=${encodeURIComponent('alertname="Listed"')}`;
    expect((await list(mine)).ids).toEqual([...ids].reverse());
    expect((await list(`${mine}&severity=page`)).ids).toEqual([ids[0]]);
    expect((await list(`${mine}&systemId=list-1&status=firing&source=alertmanager`)).ids).toEqual([ids[1]]);
    expect((await list(`${mine}&matchers=${encodeURIComponent('n=~"[01]"')}`)).ids).toEqual([ids[1], ids[0]]);
    const first = await list(`${mine}&matchers=${encodeURIComponent('n!~"x"')}&limit=2`);
    expect(first.ids).toEqual([ids[2], ids[1]]);
    expect(
      (await list(`${mine}&matchers=${encodeURIComponent('n!~"x"')}&limit=2&cursor=${String(first.next)}`)).ids,
    ).toEqual([ids[0]]);
    expect((await list(`matchers=${encodeURIComponent('a=')}`)).status).toBe(422);
  });

  test('silences apply to a fingerprint or to matchers, also to alerts that fire later, until they are deleted', async () => {
    const [id, later] = [newId(), newId()];
    await fire(id);
    const one = await h.call('POST', `${BASE}/alerts/${id}/silence`, {
      body: { durationMinutes: 60, comment: 'known' },
    });
    expect(one).toMatchObject({
      status: 201,
      body: { fingerprint: id, matchers: [], comment: 'known', createdBy: expect.any(String) as string },
    });
    expect((await get(id)).silencedUntil).toBe(one.body.endsAt);
    const all = await h.call('POST', `${BASE}/alert-silences`, {
      body: { matchers: ['team="quiet"'], durationMinutes: 120, comment: 'maintenance' },
    });
    expect(all.status).toBe(201);
    await fire(later, { labels: { alertname: 'A', team: 'quiet' } });
    expect((await get(later)).silencedUntil).toBe(all.body.endsAt);
    const [change] = await h.rows<{ payload: Fields }>(
      `select payload from changes where kind = 'alert' and entity_id = $1`,
      [later],
    );
    expect(change?.payload.silence).toMatchObject({ comment: 'maintenance' });
    const listed = await h.call('GET', `${BASE}/alert-silences`);
    expect((listed.body.items as Fields[]).map((silence) => silence.id)).toEqual([all.body.id, one.body.id]);
    expect((await h.call('DELETE', `${BASE}/alert-silences/${String(one.body.id)}`)).status).toBe(204);
    expect(await get(id)).not.toHaveProperty('silencedUntil');
    expect((await h.call('DELETE', `${BASE}/alert-silences/${String(one.body.id)}`)).status).toBe(404);
    expect((await h.call('POST', `${BASE}/alerts/nobody/silence`, { body: { durationMinutes: 1 } })).status).toBe(404);
  });

  test('severities are case-insensitive; none and info do not degrade the system', async () => {
    const expected = {
      critical: 'unhealthy',
      CRITICAL: 'unhealthy',
      P1: 'unhealthy',
      page: 'unhealthy',
      error: 'degraded',
      none: 'healthy',
      Info: 'healthy',
    };
    for (const [severity, status] of Object.entries(expected)) {
      await fire(newId(), { labels: { alertname: 'A', service: `sev-${severity}`, severity } });
      expect((await h.call('GET', `${BASE}/health/sev-${severity}`)).body.status).toBe(status);
    }
  });

  test('the entity of an alert can be read but not written', async () => {
    const id = newId();
    await fire(id);
    expect((await h.call('GET', `${BASE}/entities/alert/${id}`)).body).toMatchObject({ state: { status: 'firing' } });
    expect((await h.call('PUT', `${BASE}/entities/alert/${id}`, { body: {} })).status).toBe(409);
  });

  test('the example payload of Alertmanager is accepted', async () => {
    expect((await post(payload('alertmanager-firing'))).body).toMatchObject({ accepted: 2 });
    expect(await get('c7a9f21b0e5d4a63')).toMatchObject({
      ...{ runbookUrl: 'https://runbooks.example.org/high-error-rate', systemId: 'checkout' },
    });
  });

  test('a viewer cannot acknowledge or send alerts, and a sender cannot read them', async () => {
    const id = newId();
    await fire(id);
    const [viewer, ingest] = [await h.token('viewer'), await h.token('ingest')];
    expect((await h.call('POST', `${BASE}/alerts/${id}/acknowledge`, { token: viewer })).status).toBe(403);
    expect((await h.call('GET', `${BASE}/alerts`, { token: ingest })).status).toBe(403);
    expect((await h.call('POST', `${BASE}/ingest/zabbix`, { token: viewer, body: {} })).status).toBe(403);
  });

  test('a PagerDuty webhook is accepted only with a valid signature, and acknowledges the alert whose fingerprint is its incident key', async () => {
    const id = newId();
    await fire(id);
    await h.call('POST', `${BASE}/hooks`, { body: { name: 'pd', scheme: 'pagerduty', secrets: ['pd-secret'] } });
    const event = (type: string, incident: Fields) => ({
      event: {
        ...{ id: '1', event_type: type, resource_type: 'incident', occurred_at: new Date().toISOString() },
        agent: { summary: 'Earline Greenholt' },
        data: { id: 'PT4KHLK', title: 'On fire, runbook: https://rb/fire', urgency: 'high', ...incident },
      },
    });
    const send = (body: unknown, secret: string, extra = '') => {
      const raw = JSON.stringify(body);
      const signature = createHmac('sha256', secret).update(raw).digest('hex');
      const headers = { 'content-type': 'application/json', 'x-pagerduty-signature': `${extra}v1=${signature}` };
      return h.call('POST', `${BASE}/ingest/pagerduty/pd`, { token: null, body: raw, headers });
    };
    const acknowledged = event('incident.acknowledged', { incident_key: id });
    expect((await send(acknowledged, 'wrong')).status).toBe(401);
    expect((await get(id)).acknowledgedBy).toBeUndefined();
    const accepted = await send(acknowledged, 'pd-secret', `v1=${'0'.repeat(64)},`);
    expect(accepted).toMatchObject({ status: 202, body: { accepted: 1, changeIds: [expect.any(String)] } });
    expect((await get(id)).acknowledgedBy).toBe('Earline Greenholt');
    expect((await h.call('GET', `${BASE}/alerts/pagerduty:PT4KHLK`)).status).toBe(404);
    expect((await send(event('incident.resolved', { incident_key: id }), 'pd-secret')).body.changeIds).toHaveLength(1);
    expect((await get(id)).status).toBe('firing');
    // The id of this alert is too long for PagerDuty, which therefore received its hash.
    const long = newId().padEnd(300, 'ü');
    await fire(long);
    const hashed = event('incident.acknowledged', { incident_key: sha256(long) });
    hashed.event.id = '2';
    expect((await send(hashed, 'pd-secret')).body.changeIds).toHaveLength(1);
    expect((await get(long)).acknowledgedBy).toBe('Earline Greenholt');
    expect((await h.call('GET', `${BASE}/alerts/pagerduty:PT4KHLK`)).status).toBe(404);
    expect((await send(event('incident.triggered', {}), 'pd-secret')).status).toBe(202);
    expect(await get('pagerduty:PT4KHLK')).toMatchObject({ runbookUrl: 'https://rb/fire', severity: 'critical' });
  });
});
