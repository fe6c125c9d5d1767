import { checkSecrets, nextHop, type Confidential, type Hop } from './redirect';

const hop = (more: Partial<Hop> = {}): Hop => ({
  url: new URL('https://a.example/start?x=1'),
  method: 'POST',
  headers: { Authorization: 'Bearer t', 'Content-Type': 'application/json', 'X-Api-Key': 'k', 'X-Plain': 'p' },
  body: '{}',
  redirects: 0,
  ...more,
});
const confidential: Confidential = { body: false, holdsSecret: (text) => text.includes('canary') };
const follow = (status: number, location: string, from = hop(), more: Partial<Confidential> = {}) => {
  const next = nextHop(from, status, location, new Set(['x-api-key']));
  if (next !== null) checkSecrets(from, next, status, { ...confidential, ...more });
  return next;
};

it.each([
  [301, 'POST', 'GET', null],
  [302, 'POST', 'GET', null],
  [303, 'POST', 'GET', null],
  [303, 'PUT', 'GET', null],
  [303, 'HEAD', 'HEAD', '{}'],
  [301, 'PUT', 'PUT', '{}'],
  [302, 'DELETE', 'DELETE', '{}'],
  [307, 'POST', 'POST', '{}'],
  [308, 'PATCH', 'PATCH', '{}'],
] as const)('after %i, %s becomes %s', (status, method, expected, body) => {
  const next = follow(status, '/next', hop({ method }));
  expect(next).toMatchObject({ method: expected, body });
  expect(Object.keys(next?.headers ?? {}).includes('Content-Type')).toBe(body !== null);
});

it.each([200, 204, 300, 304, 404])('%i is a final response, regardless of its Location', (status) => {
  expect(follow(status, 'https://b.example/')).toBeNull();
});

it('treats a redirect without Location as a final response', () => {
  expect(nextHop(hop(), 302, undefined, new Set())).toBeNull();
});

it('resolves a relative URL and keeps credentials within the origin', () => {
  const next = follow(307, '../other');
  expect(next?.url.href).toBe('https://a.example/other');
  expect(next?.headers).toEqual(hop().headers);
});

it.each(['https://b.example/', 'http://a.example/', 'https://a.example:8443/', '//b.example/'])(
  'removes credentials from a request to %s',
  (location) => {
    expect(follow(308, location)?.headers).toEqual({ 'Content-Type': 'application/json', 'X-Plain': 'p' });
  },
);

it('fails after the fifth redirect, and for an invalid URL', () => {
  expect(follow(302, '/next', hop({ redirects: 4 }))?.redirects).toBe(5);
  const lost = expect.objectContaining({ code: 'http_status', status: 302, retryable: false }) as Error;
  expect(() => follow(302, '/next', hop({ redirects: 5 }))).toThrow(lost);
  expect(() => follow(302, 'http://[')).toThrow(lost);
});

const refused = (what: string) =>
  expect.objectContaining({ code: 'http_status', retryable: false, message: expect.stringContaining(what) }) as Error;

it.each([307, 308])('does not send a secret in the body or a header to another origin after %i', (status) => {
  for (const body of ['{"token":"canary"}', Buffer.from('canary')]) {
    expect(() => follow(status, 'https://b.example/', hop({ body }))).toThrow(refused('the body contains a secret'));
    expect(follow(status, '/next', hop({ body }))?.body).toBe(body);
  }
  const headers = { 'User-Agent': 'canary', Accept: '*/*' };
  expect(() => follow(status, 'https://b.example/', hop({ headers }))).toThrow(refused('the header User-Agent'));
  expect(() => follow(303, 'https://b.example/', hop({ headers }))).toThrow(refused('the header User-Agent'));
  expect(follow(303, 'https://b.example/', hop({ body: 'canary' }))).toMatchObject({ method: 'GET', body: null });
});

it('sends a body of credentials to no other origin', () => {
  expect(() => follow(307, 'https://b.example/', hop(), { body: true })).toThrow(refused('the body contains a secret'));
  expect(follow(307, '/next', hop(), { body: true })?.body).toBe('{}');
  expect(follow(302, 'https://b.example/', hop(), { body: true })?.body).toBeNull();
});
