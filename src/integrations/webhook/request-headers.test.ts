import { createHmac } from 'node:crypto';
import { WebhookConfig } from './config';
import { requestHeaders } from './request-headers';

const attempt = { idempotencyKey: 'run:actions[0]', now: new Date('2026-03-01T12:00:00.900Z') };
const body = { text: '{"a":1}', mediaType: 'application/json' };
const headersFor = (config: Record<string, unknown>, encoded: typeof body | null = body) =>
  requestHeaders(WebhookConfig.parse({ url: 'https://a.example', ...config }), encoded, attempt);

it('sends the content type and the idempotency key', () => {
  expect(headersFor({})).toEqual({
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'run:actions[0]' },
    sensitive: [],
  });
});

it('sends no content type without a body', () => {
  expect(headersFor({}, null).headers).toEqual({ 'Idempotency-Key': 'run:actions[0]' });
});

it.each([
  [{ authType: 'bearer', bearerToken: 't0ken' }, 'Authorization', 'Bearer t0ken'],
  [{ authType: 'basic', basicUsername: 'ann', basicPassword: 'pä:ss' }, 'Authorization', 'Basic YW5uOnDDpDpzcw=='],
  [{ authType: 'header', authHeaderName: 'X-Key', authHeaderValue: 'k' }, 'X-Key', 'k'],
])('authenticates as %j', (config, name, value) => {
  const { headers, sensitive } = headersFor(config);
  expect(headers[name]).toBe(value);
  expect(sensitive).toContain(name);
});

it('accepts custom headers for the content type and repeated names, but not for authentication or the idempotency key', () => {
  const { headers, sensitive } = headersFor({
    authType: 'bearer',
    bearerToken: 't',
    customHeaders: [
      { name: 'content-type', value: 'application/vnd.x+json' },
      { name: 'idempotency-key', value: 'mine' },
      { name: 'AUTHORIZATION', value: 'mine' },
      { name: 'X-Tag', value: 'a' },
      { name: 'x-tag', value: 'b' },
    ],
  });
  expect(headers).toEqual({
    'content-type': 'application/vnd.x+json',
    'Idempotency-Key': 'run:actions[0]',
    Authorization: 'Bearer t',
    'x-tag': 'a, b',
  });
  expect(sensitive).toEqual(expect.arrayContaining(['authorization', 'x-tag']));
  expect(sensitive).not.toContain('idempotency-key');
});

it('signs timestamp, dot and raw body', () => {
  const hex = createHmac('sha256', 's3cret').update('1772366400.{"a":1}').digest('hex');
  expect(headersFor({ signingSecret: 's3cret' }).headers).toMatchObject({
    'X-Fermata-Timestamp': '1772366400',
    'X-Fermata-Signature': `sha256=${hex}`,
  });
});

it('does not send a secret with a line break, and does not show it in the error', () => {
  const send = () => headersFor({ authType: 'bearer', bearerToken: 'secret\nX-Evil: 1' });
  expect(send).toThrow('bearerToken must not contain a line break.');
  expect(send).toThrow(expect.objectContaining({ code: 'config_invalid', retryable: false }) as Error);
});
