import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Egress } from '../../src/edges/egress/egress';
import { createSns } from '../../src/edges/hooks/sns';
import { certificate, signSns } from '../support/sns/sign';
import { BASE, startApiHarness, type ApiHarness } from './api-harness';

type Fields = Record<string, unknown>;

const payload = (name: string): string => readFileSync(`examples/payloads/${name}.json`, 'utf8');
const TOPIC = 'arn:aws:sns:eu-central-1:123456789012:alarms';

/** URLs that the service requested to confirm subscriptions. `aws` is an egress that stands in for AWS. */
const fetched: string[] = [];
const aws = {
  send: ({ url }: { url: string }) => {
    fetched.push(url);
    return Promise.resolve({ status: url.includes('fails') ? 500 : 200, headers: {}, body: '', url });
  },
} as unknown as Egress;

describe('hooks that protect alert senders', () => {
  let h: ApiHarness;
  beforeAll(async () => {
    h = await startApiHarness({}, { sns: createSns({ egress: aws, certificates: certificate() }) });
    for (const scheme of ['pagerduty', 'sentry', 'grafana'] as const) {
      await makeHook({ name: scheme === 'grafana' ? 'graf' : scheme, scheme, secrets: ['old', 'secret'] });
    }
    await makeHook({ name: 'token', scheme: 'header', secrets: ['t0ken'], header: 'X-Token' });
    await makeHook({ name: 'open', scheme: 'none' });
    await makeHook({ name: 'aws', scheme: 'sns', topics: [TOPIC] });
  });
  afterAll(() => h.end());

  async function makeHook(body: Fields): Promise<void> {
    const made = await h.call('POST', `${BASE}/hooks`, { body });
    expect(made).toMatchObject({ status: 201 });
  }
  const post = (path: string, raw: string, headers: Record<string, string> = {}) =>
    h.call('POST', `${BASE}${path}`, {
      ...{ token: null, body: raw },
      headers: { 'content-type': 'application/json', ...headers },
    });
  const hmac = (raw: string, secret: string) => createHmac('sha256', secret).update(raw).digest('hex');
  const alert = async (id: string) => (await h.call('GET', `${BASE}/alerts/${encodeURIComponent(id)}`)).body;

  const SIGNED: [sender: string, hook: string, file: string, header: string, prefix: string, id: string][] = [
    // https://developer.pagerduty.com/docs/verifying-webhook-signatures
    ['pagerduty', 'pagerduty', 'pagerduty-firing', 'X-PagerDuty-Signature', 'v1=', 'pagerduty:PGR0VU2'],
    // https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
    ['sentry', 'sentry', 'sentry-firing', 'Sentry-Hook-Signature', '', 'sentry:1117540176'],
    // https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
    ['grafana', 'graf', 'grafana-firing', 'X-Grafana-Alerting-Signature', '', 'grafana:c6eadffa33fcdf37'],
  ];
  test.each(SIGNED)('%s is accepted only with a valid signature', async (sender, hook, file, header, prefix, id) => {
    const raw = payload(file);
    const path = `/ingest/${sender}/${hook}`;
    expect((await post(path, raw)).status).toBe(401);
    expect((await post(path, raw, { [header]: `${prefix}${'0'.repeat(64)}` })).status).toBe(401);
    expect((await post(path, raw, { [header]: prefix + hmac(raw, 'wrong') })).status).toBe(401);
    expect((await post(path, `${raw} `, { [header]: prefix + hmac(raw, 'secret') })).status).toBe(401);
    expect((await post('/ingest/sentry/nobody', raw, { [header]: prefix + hmac(raw, 'secret') })).status).toBe(401);
    expect((await h.call('GET', `${BASE}/alerts/${encodeURIComponent(id)}`)).status).toBe(404);
    const first = await post(path, raw, { [header]: prefix + hmac(raw, 'secret') });
    expect(first).toMatchObject({ status: 202, body: { accepted: 1, rejected: [] } });
    expect(await alert(id)).toMatchObject({ status: 'firing' });
    expect((await post(path, raw, { [header]: prefix + hmac(raw, 'old') })).body.changeIds).toEqual([]);
  });

  test('a sender without signatures uses a secret in a header; a hook with the scheme none is refused', async () => {
    const raw = payload('azure-firing');
    expect((await post('/ingest/azure/token', raw, { 'X-Token': 'wrong' })).status).toBe(401);
    expect((await post('/ingest/azure/token', raw, { 'X-Token': 't0ken' })).status).toBe(202);
    expect((await post('/ingest/azure/open', raw)).status).toBe(401);
    expect((await post('/ingest/azure', raw)).status).toBe(401);
  });

  test('a PagerDuty delivery that arrives twice emits its event once', async () => {
    await h.call('POST', `${BASE}/ingest/alertmanager`, {
      body: { alerts: [{ status: 'firing', fingerprint: 'linked', labels: { alertname: 'A' } }] },
    });
    const event = JSON.parse(payload('pagerduty-resolved')) as { event: { data: Fields } };
    event.event.data['incident_key'] = 'linked';
    const send = () => h.call('POST', `${BASE}/ingest/pagerduty`, { body: event });
    expect((await send()).body.changeIds).toHaveLength(1);
    expect((await send()).body.changeIds).toEqual([]);
  });

  test("SNS: an alarm is accepted only with a valid signature, and from one of the hook's topics", async () => {
    const firing = JSON.parse(payload('sns-firing')) as Fields;
    const send = (message: Fields) =>
      post('/ingest/sns/aws', JSON.stringify(message), { 'content-type': 'text/plain; charset=UTF-8' });
    expect((await send(firing)).status).toBe(401);
    expect((await send(signSns({ ...firing, TopicArn: `${TOPIC}2` }))).status).toBe(401);
    expect((await send(signSns({ ...firing, SigningCertURL: 'https://example.com/x.pem' }))).status).toBe(401);
    expect((await send(signSns(firing, '2'))).body).toMatchObject({ accepted: 1 });
    const id = 'sns:arn:aws:cloudwatch:eu-central-1:123456789012:alarm:checkout-5xx';
    expect(await alert(id)).toMatchObject({ status: 'firing', labels: { alertname: 'checkout-5xx' } });
    expect((await send(signSns(firing))).body.changeIds).toEqual([]);
    expect((await send(signSns(JSON.parse(payload('sns-resolved')) as Fields))).status).toBe(202);
    expect(await alert(id)).toMatchObject({ status: 'resolved' });
    // Without a hook, the token authenticates the sender and the signature is not checked.
    expect((await h.call('POST', `${BASE}/ingest/sns`, { body: firing })).status).toBe(202);
  });

  test('SNS: a subscription is confirmed only for a topic of the hook', async () => {
    const subscription = (more: Fields) => ({
      ...{ Type: 'SubscriptionConfirmation', MessageId: 'm', Token: 't', TopicArn: TOPIC, Message: 'confirm' },
      ...{ Timestamp: '2026-11-28T10:00:00.000Z', SigningCertURL: 'https://sns.eu-central-1.amazonaws.com/c.pem' },
      ...{ SubscribeURL: 'https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription', ...more },
    });
    const send = (message: Fields) => post('/ingest/sns/aws', JSON.stringify(message));
    expect((await send(signSns(subscription({ TopicArn: `${TOPIC}2` })))).status).toBe(401);
    expect((await send(signSns(subscription({ SubscribeURL: 'https://169.254.169.254/' })))).status).toBe(502);
    expect((await h.call('POST', `${BASE}/ingest/sns`, { body: signSns(subscription({})) })).status).toBe(422);
    expect(fetched).toEqual([]);
    expect(await send(signSns(subscription({})))).toMatchObject({
      ...{ status: 202, body: { accepted: 0, changeIds: [], rejected: [] } },
    });
    expect(fetched).toEqual(['https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription']);
    const failing = subscription({ SubscribeURL: 'https://sns.eu-central-1.amazonaws.com/fails' });
    expect((await send(signSns(failing))).status).toBe(502);
  });

  test('topics are refused for schemes other than sns', async () => {
    const made = await h.call('POST', `${BASE}/hooks`, {
      body: { name: 'x', scheme: 'header', secrets: ['s'], topics: [TOPIC] },
    });
    expect(made).toMatchObject({ status: 422, body: { errors: [{ path: 'topics' }] } });
  });
});

describe('hooks with an alert mapping', () => {
  let h: ApiHarness;
  beforeAll(async () => {
    h = await startApiHarness();
  });
  afterAll(() => h.end());

  const make = (name: string, alert: Fields) =>
    h.call('POST', `${BASE}/hooks`, { body: { name, scheme: 'header', secrets: ['s'], alert } });
  const send = (name: string, body: unknown, headers: Record<string, string> = {}, query = '') =>
    h.call('POST', `${BASE}/hooks/${name}${query}`, {
      ...{ token: null, body: JSON.stringify(body) },
      headers: { 'content-type': 'application/json', 'x-hook-secret': 's', ...headers },
    });
  const get = (id: string) => h.call('GET', `${BASE}/alerts/${encodeURIComponent(id)}`);

  test('map any JSON with expressions: each element of a list, with headers and query', async () => {
    const alert = {
      ...{ each: 'body.jobs', fingerprint: 'item.id', status: 'item.failed', name: 'item.job' },
      ...{ severity: 'item.critical ? "critical" : "info"', labels: 'item.labels', annotations: 'item.notes' },
    };
    expect(await make('backup', alert)).toMatchObject({ status: 201, body: { alert } });
    const jobs = [
      {
        ...{ id: 7, failed: true, job: 'Nightly', critical: true, labels: { service: 'db', shard: 2, ok: false } },
        notes: { runbook_url: 'https://rb/backup' },
      },
      { id: 8, failed: 'broken' },
      { failed: true },
      { id: 9, failed: false },
    ];
    expect(await send('backup', { jobs })).toMatchObject({
      status: 202,
      body: {
        accepted: 2,
        changeIds: [expect.any(String), expect.any(String)],
        rejected: [{ index: 1, message: expect.stringContaining('status') as string }, { index: 2 }],
      },
    });
    expect((await get('backup:7')).body).toMatchObject({
      ...{ status: 'firing', source: 'backup', name: 'Nightly', severity: 'critical', systemId: 'db' },
      ...{ labels: { shard: '2', ok: 'false' }, runbookUrl: 'https://rb/backup' },
    });
    // An alert that is resolved before it has fired is not stored.
    expect((await get('backup:9')).status).toBe(404);
    expect((await send('backup', { jobs: [{ ...jobs[0], failed: false }] })).body).toMatchObject({ accepted: 1 });
    expect((await get('backup:7')).body).toMatchObject({ status: 'resolved' });
    const webhooks = await h.rows(`select 1 from changes where event = 'automation.webhook'`);
    expect(webhooks).toEqual([]);
  });

  test('keep labels and annotations that a resolution leaves out', async () => {
    const alert = {
      ...{ fingerprint: 'body.id', status: 'body.failed', name: 'body.job', severity: 'body.level' },
      ...{ labels: 'body.labels', annotations: 'body.notes' },
    };
    await make('brief', alert);
    const described = { job: 'Nightly', level: 'critical', labels: { service: 'db', shard: '2' } };
    await send('brief', { id: 1, failed: true, ...described, notes: { runbook_url: 'https://rb/1', summary: 'down' } });
    await send('brief', { id: 1, failed: false, labels: { shard: '3' }, notes: { summary: 'up' } });
    expect((await get('brief:1')).body).toMatchObject({
      ...{ status: 'resolved', name: 'Nightly', severity: 'critical', runbookUrl: 'https://rb/1' },
      labels: { alertname: 'Nightly', severity: 'critical', service: 'db', shard: '3' },
      annotations: { summary: 'up', runbook_url: 'https://rb/1' },
    });
    // A new episode has only the labels of its message.
    await send('brief', { id: 1, failed: true });
    expect((await get('brief:1')).body).toMatchObject({
      ...{ status: 'firing', name: 'brief', labels: { alertname: 'brief', severity: 'warning' }, annotations: {} },
    });
  });

  test('use the whole body as one element by default, and have defaults for name and severity', async () => {
    const mapping = { fingerprint: 'query.id + headers["x-part"]', status: 'item.state', annotations: 'body.notes' };
    expect((await make('plain', mapping)).status).toBe(201);
    const body = { state: 'FIRING', notes: { description: 'Runbook: https://rb/plain' } };
    expect((await send('plain', body, { 'x-part': 'b' }, '?id=a')).status).toBe(202);
    expect((await get('plain:ab')).body).toMatchObject({
      ...{ name: 'plain', severity: 'warning', runbookUrl: 'https://rb/plain' },
    });
  });

  test('refuse a message whose `each` is not a list, and list the refusal', async () => {
    expect((await make('list', { each: 'body.items', fingerprint: 'item', status: 'true' })).status).toBe(201);
    expect(await send('list', { items: 3 })).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
    expect((await send('list', { items: [] })).body).toEqual({ accepted: 0, changeIds: [], rejected: [] });
    const refused = await h.call('GET', `${BASE}/deliveries/refused?sender=list`);
    expect(refused.body.items).toMatchObject([{ sender: 'list', message: expect.stringContaining('each') as string }]);
    expect((await send('list', { items: ['a'] }, { 'x-hook-secret': 'wrong' })).status).toBe(401);
  });

  test('are refused on save if an expression is missing or does not parse, or if their name is that of a built-in sender', async () => {
    expect(await make('bad', { fingerprint: 'item.id +', status: 'item.x' })).toMatchObject({
      ...{ status: 422, body: { errors: [{ path: 'alert.fingerprint' }] } },
    });
    expect((await make('bad', { fingerprint: 'item.id' })).status).toBe(422);
    const unknown = { each: 'item.alerts', fingerprint: 'trigger.id', status: 'itm.state' };
    const { status, body } = await make('bad', unknown);
    expect([status, (body['errors'] as Fields[]).map(({ path }) => path)]).toEqual([
      422,
      ['alert.each', 'alert.fingerprint', 'alert.status'],
    ]);
    expect(await make('grafana', { fingerprint: 'item.id', status: 'true' })).toMatchObject({
      ...{ status: 422, body: { errors: [{ path: 'name' }] } },
    });
  });
});
