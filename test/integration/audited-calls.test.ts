import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ADMIN_TOKEN, BASE, startApiHarness, type ApiHarness } from './api-harness';

let api: ApiHarness;
let silent: Server;
let id: string;
beforeAll(async () => {
  api = await startApiHarness({ trustedProxies: ['127.0.0.1'] });
  // Accepts requests and never responds.
  silent = createServer(() => undefined);
  await new Promise<void>((ready) => silent.listen(0, '127.0.0.1', ready));
  const baseUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const made = await api.call('POST', `${BASE}/connections`, {
    body: { name: 'silent', type: 'jira', config: { baseUrl, email: 'a@example.com', apiToken: 'a-token-of-jira' } },
  });
  id = String(made.body.id);
});
afterAll(async () => {
  silent.closeAllConnections();
  silent.close();
  await api.end();
});

const audited = async (action: string) =>
  api.rows<{ actor: { name: string }; outcome: string; remote_address: string; detail: { status: number } }>(
    'select actor, outcome, remote_address, detail from audit_log where action = $1 order by id',
    [action],
  );

it('returns ok: false if the provider hangs, and audits the test', async () => {
  const answer = await api.call('POST', `${BASE}/connections/${id}/test`, {
    headers: { 'X-Forwarded-For': '203.0.113.9' },
  });
  expect([answer.status, answer.body]).toMatchObject([200, { ok: false }]);
  expect(String(answer.body.message)).toMatch(/10 seconds|10000 ms|time/i);
  expect(await audited('connections.test')).toMatchObject([
    { actor: { name: 'admin' }, outcome: 'success', remote_address: '203.0.113.9', detail: { status: 200 } },
  ]);
}, 180_000);

it('returns 504 for a list of choices if the provider hangs, and audits the call', async () => {
  const viewer = await api.token('viewer');
  const answer = await api.call('GET', `${BASE}/connections/${id}/options/projectKey`, { token: viewer });
  expect([answer.status, answer.body.code]).toEqual([504, 'timeout']);
  expect(await audited('connections.options')).toMatchObject([
    { actor: { name: 'viewer' }, outcome: 'failed', detail: { status: 504 } },
  ]);
}, 180_000);

it('audits scripts that are tried out, even if they are refused', async () => {
  const body = { kind: 'run_shell', script: 'true' };
  const viewer = await api.token('viewer');
  expect((await api.call('POST', `${BASE}/scripts/test`, { token: viewer, body })).status).toBe(403);
  await api.call('POST', `${BASE}/scripts/test`, { body });
  expect(await audited('scripts.test')).toMatchObject([
    { actor: { name: 'viewer' }, outcome: 'refused' },
    { actor: { name: 'admin' } },
  ]);
}, 180_000);

it('counts failed sign-ins by the address of the client rather than the proxy', async () => {
  const signIn = (address: string) =>
    api.call('POST', `${BASE}/session`, {
      ...{ token: null, body: { token: 'no-token-of-ours' } },
      headers: { 'X-Forwarded-For': address },
    });
  for (let n = 0; n < 10; n += 1) expect((await signIn('203.0.113.1')).status).toBe(401);
  expect((await signIn('203.0.113.1')).status).toBe(429);
  expect((await signIn('203.0.113.2')).status).toBe(401);
});

it('marks the cookie of a session as Secure if a trusted proxy reports HTTPS', async () => {
  const cookieOf = async (headers: Record<string, string>) => {
    const answer = await api.call('POST', `${BASE}/session`, { token: null, body: { token: ADMIN_TOKEN }, headers });
    return String(answer.headers.get('set-cookie'));
  };
  expect(await cookieOf({ 'X-Forwarded-Proto': 'https' })).toMatch(/; Secure$/);
  expect(await cookieOf({ 'X-Forwarded-Proto': 'http' })).not.toContain('Secure');
  expect(await cookieOf({})).not.toContain('Secure');
});
