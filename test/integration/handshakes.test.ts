import { createHmac } from 'node:crypto';
import { BASE, startApiHarness, type ApiHarness } from './api-harness';

let api: ApiHarness;
beforeAll(async () => {
  api = await startApiHarness({ webhookOrigins: ['eventgrid.azure.net'] });
  await hook('open', { scheme: 'none' });
  await hook('slack', { scheme: 'slack', secrets: ['shared'] });
  await hook('keyed', { scheme: 'header', secrets: ['key'] });
});
afterAll(() => api.end());

const hook = (name: string, rest: object) => api.call('POST', `${BASE}/hooks`, { body: { name, ...rest } });
const options = (path: string, headers: Record<string, string>) =>
  api.call('OPTIONS', `${BASE}${path}`, { token: null, headers });
const origin = { 'WebHook-Request-Origin': 'eventgrid.azure.net' };

/** https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md, section 4 */
describe('the handshake of CloudEvents', () => {
  it.each(['/events', '/ingest/cloudevents', '/ingest/azure', '/ingest/azure/keyed', '/hooks/open', '/hooks/unknown'])(
    'allows a known sender at %s',
    async (path) => {
      const { status, headers } = await options(path, { ...origin, 'WebHook-Request-Rate': '120' });
      expect(status).toBe(200);
      expect(headers.get('webhook-allowed-origin')).toBe('eventgrid.azure.net');
      expect(headers.get('webhook-allowed-rate')).toBe('120');
      expect(headers.get('allow')).toContain('POST');
    },
  );

  it('allows at most the rate that the service accepts, and returns no rate if none was requested', async () => {
    const fast = await options('/events', { ...origin, 'WebHook-Request-Rate': '9999999' });
    expect(fast.headers.get('webhook-allowed-rate')).toBe(String(10_000 * 60));
    expect((await options('/events', origin)).headers.get('webhook-allowed-rate')).toBeNull();
  });

  it('responds with 405 to other senders, without a sender, and on other routes', async () => {
    for (const headers of [{ 'WebHook-Request-Origin': 'evil.example' }, {}]) {
      const answer = await options('/events', headers as Record<string, string>);
      expect([answer.status, answer.headers.get('webhook-allowed-origin')]).toEqual([405, null]);
    }
    expect((await options('/automations', origin)).status).toBe(405);
  });

  it('allows every sender if * is configured', async () => {
    const all = await startApiHarness({ webhookOrigins: ['*'] });
    const headers = { 'WebHook-Request-Origin': 'sender.example.com' };
    const answer = await all.call('OPTIONS', `${BASE}/events`, { token: null, headers });
    expect(answer.headers.get('webhook-allowed-origin')).toBe('sender.example.com');
    await all.end();
  });
});

/** https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema */
describe('the handshake of Azure Event Grid', () => {
  const validation = [
    {
      id: '2d1781af-3a4c-4d7c-bd0c-e34b19da4e66',
      topic: '/subscriptions/xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx',
      subject: '',
      data: {
        validationCode: '512d38b6-c7b8-40c8-89fe-f46f9e9622b6',
        validationUrl: 'https://rp-eastus2.eventgrid.azure.net:553/eventsubscriptions/x/validate?id=512d38b6',
      },
      eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
      eventTime: '2018-01-25T22:12:19.4556811Z',
      metadataVersion: '1',
      dataVersion: '1',
    },
  ];
  const headers = { 'aeg-event-type': 'SubscriptionValidation' };
  const wanted = { validationResponse: '512d38b6-c7b8-40c8-89fe-f46f9e9622b6' };

  it.each(['/events', '/ingest/cloudevents', '/hooks/open'])('is answered at %s and stores nothing', async (path) => {
    const before = await api.rows('select 1 from changes');
    const answer = await api.call('POST', `${BASE}${path}`, { body: validation, headers });
    expect([answer.status, answer.body]).toEqual([200, wanted]);
    expect(await api.rows('select 1 from changes')).toHaveLength(before.length);
  });

  it.each(['azure', 'alertmanager', 'datadog'])('is answered at /ingest/%s and stores nothing', async (sender) => {
    const before = await api.rows('select 1 from changes');
    const refused = await api.rows('select 1 from refused_deliveries');
    const answer = await api.call('POST', `${BASE}/ingest/${sender}`, { body: validation, headers });
    expect([answer.status, answer.body]).toEqual([200, wanted]);
    const keyed = { ...headers, 'X-Hook-Secret': 'key' };
    const hooked = await api.call('POST', `${BASE}/ingest/${sender}/keyed`, {
      body: validation,
      headers: keyed,
      token: null,
    });
    expect([hooked.status, hooked.body]).toEqual([200, wanted]);
    expect(await api.rows('select 1 from changes')).toHaveLength(before.length);
    expect(await api.rows('select 1 from refused_deliveries')).toHaveLength(refused.length);
  });

  it('is refused at /ingest/{sender} without a token, and at /ingest/{sender}/{hook} without the secret', async () => {
    const given = { body: validation, headers, token: null };
    for (const path of ['azure', 'azure/keyed', 'azure/open', 'azure/unknown'])
      expect((await api.call('POST', `${BASE}/ingest/${path}`, given)).status).toBe(401);
    const viewer = await api.token('viewer');
    expect((await api.call('POST', `${BASE}/ingest/azure`, { ...given, token: viewer })).status).toBe(403);
  });

  it('requires the token of the route and the secret of the hook', async () => {
    const given = { body: validation, headers, token: null };
    expect((await api.call('POST', `${BASE}/events`, given)).status).toBe(401);
    expect((await api.call('POST', `${BASE}/hooks/keyed`, given)).status).toBe(401);
    const keyed = { ...given, headers: { ...headers, 'X-Hook-Secret': 'key' } };
    expect((await api.call('POST', `${BASE}/hooks/keyed`, keyed)).body).toEqual(wanted);
  });

  it('is not performed for a notification with the same body', async () => {
    const notification = { ...headers, 'aeg-event-type': 'Notification' };
    const answer = await api.call('POST', `${BASE}/hooks/open`, { body: validation, headers: notification });
    expect(answer.status).toBe(202);
  });
});

/** https://docs.slack.dev/reference/events/url_verification and /authentication/verifying-requests-from-slack */
it('answers the challenge of Slack only if it is signed', async () => {
  const body = JSON.stringify({
    token: 'Jhj5dZrVaK7ZwHHjRyZWjbDl',
    challenge: '3eZbrw1aBm2rZgRNFdxV',
    type: 'url_verification',
  });
  const time = String(Math.floor(Date.now() / 1000));
  const signature = `v0=${createHmac('sha256', 'shared').update(`v0:${time}:${body}`).digest('hex')}`;
  const send = (given: string) =>
    api.call('POST', `${BASE}/hooks/slack`, {
      ...{ token: null, body },
      headers: { 'Content-Type': 'application/json', 'X-Slack-Request-Timestamp': time, 'X-Slack-Signature': given },
    });
  expect((await send(signature)).body).toEqual({ challenge: '3eZbrw1aBm2rZgRNFdxV' });
  expect((await send(signature.replace(/.$/, 'x'))).status).toBe(401);
});

/**
 * https://learn.microsoft.com/graph/change-notifications-delivery-webhooks: the response has status 200 and contains
 * the decoded token as text/plain.
 */
it('returns the validation token of Microsoft Graph as text, on hooks that check no secret', async () => {
  const token = 'Validation: Testing client application reachability for subscription Request-Id: <b>&1</b>';
  const path = `/hooks/open?validationToken=${encodeURIComponent(token)}`;
  const plain = { 'Content-Type': 'text/plain; charset=utf-8' };
  const answer = await api.call('POST', `${BASE}${path}`, { token: null, headers: plain });
  expect([answer.status, answer.text, answer.headers.get('content-type')]).toEqual([
    200,
    token,
    'text/plain; charset=utf-8',
  ]);
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  const keyed = `/hooks/keyed?validationToken=${encodeURIComponent(token)}`;
  expect((await api.call('POST', `${BASE}${keyed}`, { token: null, headers: plain })).status).toBe(401);
  expect((await api.call('POST', `${BASE}/hooks/unknown?validationToken=x`, { token: null })).status).toBe(401);
});

it('responds to GET on a hook with 405, unless a token may read the hook', async () => {
  for (const name of ['open', 'unknown']) {
    const answer = await api.call('GET', `${BASE}/hooks/${name}`, { token: null });
    expect([answer.status, answer.body.code, answer.headers.get('allow')]).toEqual([405, 'method_not_allowed', 'POST']);
  }
  expect((await api.call('GET', `${BASE}/hooks/open`)).body.name).toBe('open');
  expect((await api.call('GET', `${BASE}/hooks/open`, { token: 'wrong-token' })).status).toBe(401);
  expect((await api.call('PATCH', `${BASE}/hooks/open`, { token: null, body: {} })).status).toBe(401);
});
