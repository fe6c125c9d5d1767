import { z } from 'zod';
import { authTypeOf, WebhookConfig } from './config';

const url = 'https://a.example/hook';
const problems = (config: Record<string, unknown>) => {
  const parsed = WebhookConfig.safeParse({ url, ...config });
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
};

it('requires only a URL', () => {
  expect(WebhookConfig.parse({ url })).toEqual({
    url,
    method: 'POST',
    contentType: 'json',
    customHeaders: [],
    retryOnStatus: [],
  });
});

it.each([
  [{ url: 'ftp://a.example' }, 'url must be an http(s) URL'],
  [{ url: '/relative' }, 'url must be an http(s) URL'],
  [{ url: 'https://user:pw@a.example' }, 'url must not contain a user name or password: use authType basic'],
  [
    { authType: 'none', bearerToken: 't' },
    'bearerToken bearerToken belongs to authType bearer and is not sent with authType none',
  ],
  [
    { bearerToken: 't', authHeaderName: 'X-Key' },
    'authHeaderName authHeaderName belongs to authType header and is not sent with authType bearer',
  ],
  [{ basicUsername: 'me' }, 'basicPassword is required by authType basic'],
  [{ authType: 'bearer' }, 'bearerToken is required by authType bearer'],
  [{ authType: 'basic', basicUsername: 'me' }, 'basicPassword is required by authType basic'],
  [{ authType: 'basic', basicPassword: 'pw' }, 'basicUsername is required by authType basic'],
  [{ authType: 'header', authHeaderName: 'X-Key' }, 'authHeaderValue is required by authType header'],
  [
    { authType: 'header', authHeaderName: 'Host', authHeaderValue: 'v' },
    'authHeaderName is a header that belongs to the connection and cannot be set',
  ],
  [
    { customHeaders: [{ name: 'content-LENGTH', value: '1' }] },
    'customHeaders.0.name is a header that belongs to the connection and cannot be set',
  ],
  [{ customHeaders: [{ name: 'X Y', value: '1' }] }, 'customHeaders.0.name must be the name of an HTTP header'],
  [{ customHeaders: [{ name: 'X-A', value: 'a\r\nX-B: b' }] }, 'customHeaders.0.value must not contain a line break'],
  [{ body: null }, 'body must be a string or an object'],
  [{ body: [1], contentType: 'form' }, 'body must be an object or a string to be sent as form fields'],
])('refuses %j', (config, message) => {
  expect(problems(config)).toEqual([message]);
});

it.each([
  { timeout: 0 },
  { timeout: 300_001 },
  { timeout: 1.5 },
  { retryOnStatus: [42] },
  { method: 'post' },
  { contentType: 'xml' },
  { unknown: 1 },
])('also refuses %j', (config) => {
  expect(problems(config)).toHaveLength(1);
});

it.each([
  [{}, 'none'],
  [{ bearerToken: 't' }, 'bearer'],
  [{ basicUsername: 'u', basicPassword: 'p' }, 'basic'],
  [{ authHeaderName: 'X-Key', authHeaderValue: 'v' }, 'header'],
  [{ authType: 'bearer', bearerToken: 't' }, 'bearer'],
])('infers the type of authentication of %j', (config, authType) => {
  expect(authTypeOf(WebhookConfig.parse({ url, ...config }))).toBe(authType);
});

it('accepts a timeout of up to five minutes', () => {
  expect(problems({ timeout: 300_000 })).toEqual([]);
});

it('marks fields that accept secrets in its JSON Schema', () => {
  const { properties } = z.toJSONSchema(WebhookConfig, { io: 'input' });
  const secrets = Object.entries(properties ?? {}).filter(([, field]) => Object(field)['x-secret'] === true);
  expect(secrets.map(([name]) => name)).toEqual([
    ...['url', 'query', 'bearerToken', 'basicPassword', 'authHeaderValue', 'customHeaders', 'body', 'signingSecret'],
  ]);
});
