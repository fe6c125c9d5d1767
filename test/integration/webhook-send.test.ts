import { createHmac } from 'node:crypto';
import type { ActionResult, CallingAction } from '../../src/integrations/contract';
import { createEgress, type Egress } from '../../src/edges/egress/egress';
import { createPlugins } from '../../src/integrations/plugins';
import { createRegistry } from '../../src/domain/registry/registry';
import type { Action } from '../../src/integrations/contract';
import { NO_MASK } from '../../src/domain/secrets/mask-values';
import { startWebhookServer, type WebhookServer } from './webhook-server';

let server: WebhookServer;
let egress: Egress;

const now = new Date('2026-03-01T12:00:00Z');
const run = { id: 'run-1', automationId: 'automation-1', contextKey: 'payments' };

function sendAction(): CallingAction {
  const action = createRegistry<Action>(createPlugins({ egress })).action('integration-webhook.send');
  if (action?.execution !== 'call') throw new Error('The webhook is not registered as a call.');
  return action;
}

/** Makes one attempt, as the step's activity does. */
function send(
  config: Record<string, unknown>,
  signal = new AbortController().signal,
  attempt = 1,
): Promise<ActionResult> {
  const action = sendAction();
  const parsed = action.configSchema.parse({ url: `${server.url}/hook`, ...config });
  return action.execute({
    config: parsed,
    run,
    consumed: null,
    scope: { trigger: null, artifacts: {}, variables: {}, repeat: null, automation: null },
    connection: null,
    idempotencyKey: 'run-1:actions[0]',
    now,
    attempt,
    sentBefore: attempt > 1,
    timeoutMs: 5_000,
    mask: NO_MASK,
    signal,
    note: () => undefined,
    progress: { read: () => Promise.resolve(null), write: () => Promise.resolve() },
    memory: { recall: () => Promise.resolve(null), remember: () => Promise.resolve() },
  });
}

const answerWith = (status: number, headers: Record<string, string> = {}, body = '') =>
  server.answer((_, response) => response.writeHead(status, headers).end(body));

beforeEach(async () => {
  server = await startWebhookServer();
  egress = createEgress({ allow: ['127.0.0.1'] });
});
afterEach(async () => {
  await egress.close();
  await server.close();
});

it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'GET'])('sends %s with and without a body', async (method) => {
  await send({ method, body: { a: 'ü' } });
  await send({ method });
  expect(server.requests).toMatchObject([
    {
      method,
      path: '/hook',
      body: '{"a":"ü"}',
      headers: { 'content-type': 'application/json', 'content-length': '10' },
    },
    { method, path: '/hook', body: '' },
  ]);
  expect(server.requests[1]?.headers).not.toHaveProperty('content-type');
});

it.each([
  ['json', { text: 'a b' }, 'application/json', '{"text":"a b"}'],
  ['form', { text: 'a b' }, 'application/x-www-form-urlencoded', 'text=a+b'],
  ['text', 'a b', 'text/plain; charset=utf-8', 'a b'],
])('sends the body as %s', async (contentType, body, mediaType, text) => {
  await send({ contentType, body });
  expect(server.requests).toMatchObject([{ body: text, headers: { 'content-type': mediaType } }]);
});

it.each([
  [{ authType: 'none' }, {}],
  [{ authType: 'bearer', bearerToken: 't' }, { authorization: 'Bearer t' }],
  [
    { authType: 'basic', basicUsername: 'ann', basicPassword: 'pw' },
    { authorization: `Basic ${Buffer.from('ann:pw').toString('base64')}` },
  ],
  [{ authType: 'header', authHeaderName: 'X-Api-Key', authHeaderValue: 'k' }, { 'x-api-key': 'k' }],
  [{ customHeaders: [{ name: 'X-Env', value: 'prod' }] }, { 'x-env': 'prod' }],
])('authenticates with %j', async (config, headers) => {
  await send(config);
  expect(server.requests[0]?.headers).toMatchObject(headers);
  if (Object.keys(headers).length === 0) expect(server.requests[0]?.headers).not.toHaveProperty('authorization');
});

it('sends the same idempotency key in every attempt, even if a custom header sets another', async () => {
  answerWith(503);
  const config = { customHeaders: [{ name: 'Idempotency-Key', value: 'mine' }] };
  await expect(send(config)).rejects.toThrow();
  await expect(send(config, undefined, 2)).rejects.toThrow();
  expect(server.requests.map(({ headers }) => headers['idempotency-key'])).toEqual([
    'run-1:actions[0]',
    'run-1:actions[0]',
  ]);
});

it('signs the time and the raw body', async () => {
  await send({ signingSecret: 's3cret', body: { text: 'grüße' } });
  const [received] = server.requests;
  const timestamp = String(received?.headers['x-fermata-timestamp']);
  const expected = createHmac('sha256', 's3cret')
    .update(`${timestamp}.${received?.body ?? ''}`)
    .digest('hex');
  expect(timestamp).toBe(String(now.getTime() / 1000));
  expect(received?.headers['x-fermata-signature']).toBe(`sha256=${expected}`);
});

it('produces a delivery that matches its artifact type', async () => {
  answerWith(201, { 'content-type': 'application/json' }, '{"id":7,"ok":true}');
  const { artifact, output } = await send({ body: {} });
  const delivery = { url: `${server.url}/hook`, status: 201, externalId: '7', responseBody: '{"id":7,"ok":true}' };
  expect(artifact).toEqual(delivery);
  expect(output).toEqual(delivery);
  expect(sendAction().produces?.schema.parse(artifact)).toEqual(delivery);
});

it('keeps 10,000 characters of a long response, and reads an id after them', async () => {
  answerWith(200, {}, JSON.stringify({ text: 'x'.repeat(50_000), id: 'late' }));
  const { artifact } = await send({});
  expect(artifact).toMatchObject({ externalId: 'late' });
  expect(artifact?.['responseBody']).toHaveLength(10_000);
});

it('succeeds with any 2xx status', async () => {
  answerWith(204);
  await expect(send({})).resolves.toMatchObject({ artifact: { status: 204, responseBody: '' } });
});

it.each([408, 425, 429, 500, 503])('fails with %i and allows another attempt', async (status) => {
  answerWith(status, {}, 'later');
  await expect(send({})).rejects.toMatchObject({
    code: 'http_status',
    status,
    retryable: true,
    output: { status, responseBody: 'later' },
  });
});

it.each([304, 400, 401, 404, 409, 422])('fails with %i and allows no other attempt', async (status) => {
  answerWith(status);
  await expect(send({})).rejects.toMatchObject({ code: 'http_status', status, retryable: false });
});

it('retries on a status that the configuration adds', async () => {
  answerWith(409);
  await expect(send({ retryOnStatus: [409] })).rejects.toMatchObject({ status: 409, retryable: true });
});

it.each([
  ['30', 30_000],
  ['Sun, 01 Mar 2026 12:01:00 GMT', 60_000],
  ['7200', 3_600_000],
])('waits before the next attempt as long as Retry-After: %s, but at most an hour', async (value, retryAfterMs) => {
  answerWith(429, { 'retry-after': value });
  await expect(send({})).rejects.toMatchObject({ retryable: true, retryAfterMs });
});

it('has a timeout of five seconds unless the configuration sets another', () => {
  const { timeoutMs } = sendAction();
  expect([{}, { timeout: '{{ variables.t }}' }, { timeout: 250 }].map(timeoutMs)).toEqual([5_000, 5_000, 250]);
});

it('fails after its timeout and when its attempt is aborted', async () => {
  server.answer(() => undefined);
  await expect(send({ timeout: 100 })).rejects.toMatchObject({ code: 'timeout', retryable: true });
  await expect(send({}, AbortSignal.timeout(100))).rejects.toMatchObject({ name: 'TimeoutError' });
});

it('refuses forbidden addresses', async () => {
  const refused = { code: 'egress_refused', retryable: false };
  await expect(send({ url: 'http://169.254.169.254/' })).rejects.toMatchObject(refused);
  answerWith(302, { location: 'http://[::1]/' });
  await expect(send({})).rejects.toMatchObject(refused);
});

it('sends only headers that identify the request to another origin, but no custom headers and credentials', async () => {
  const other = await startWebhookServer();
  answerWith(308, { location: `${other.url}/moved` });
  await send({
    authType: 'header',
    authHeaderName: 'X-Api-Key',
    authHeaderValue: 'k',
    customHeaders: [{ name: 'X-Token', value: 't' }],
    signingSecret: 's',
    body: { a: 1 },
  });
  const headers = other.requests[0]?.headers;
  expect(headers).not.toHaveProperty('x-api-key');
  expect(headers).not.toHaveProperty('x-token');
  expect(headers).toMatchObject({ 'idempotency-key': 'run-1:actions[0]', 'content-type': 'application/json' });
  expect(headers).toHaveProperty('x-fermata-signature');
  expect(other.requests[0]?.body).toBe('{"a":1}');
  await other.close();
});
