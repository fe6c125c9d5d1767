import { PERMISSIONS, permissionsOf, ROLES } from '../../src/api/auth/permissions';
import { ADMIN_TOKEN, BASE, startApiHarness, type ApiHarness } from './api-harness';

let api: ApiHarness;
beforeAll(async () => {
  api = await startApiHarness();
});
afterAll(() => api.end());

/** Returns the path of a route. The ids in the path do not exist. */
const examplePath = (route: { path: string; atRoot?: boolean }) =>
  `${route.atRoot ? '' : BASE}${route.path.replace(/\{\w+\}/g, '00000000-0000-7000-8000-000000000000')}`;

describe('permissions', () => {
  it('allow each role exactly the routes of its permissions, and nothing without a token', async () => {
    const tokens = new Map(await Promise.all(ROLES.map(async (role) => [role, await api.token(role)] as const)));
    for (const route of api.api.routes) {
      expect([route.operationId, [...PERMISSIONS, 'public']]).toEqual([
        route.operationId,
        expect.arrayContaining([route.permission]),
      ]);
      if (route.permission === 'public') continue;
      const path = examplePath(route);
      const stranger = await api.call(route.method.toUpperCase(), path, { token: null });
      expect([route.operationId, stranger.status]).toEqual([route.operationId, 401]);
      expect(stranger.headers.get('www-authenticate')).toContain('Bearer');
      for (const role of ROLES) {
        const allowed = permissionsOf([role]).has(route.permission);
        // A stream that admits the caller would never end.
        if (route.effect === 'stream' && allowed) continue;
        const answer = await api.call(route.method.toUpperCase(), path, { token: tokens.get(role) ?? '' });
        expect([route.operationId, role, answer.status === 403]).toEqual([route.operationId, role, !allowed]);
        expect(answer.status).toBeLessThan(500);
        if (!allowed) expect(answer.body).toMatchObject({ code: 'forbidden', permission: route.permission });
      }
    }
  });

  it('leave exactly these routes public', () => {
    const open = api.api.routes.filter((route) => route.permission === 'public').map((route) => route.path);
    expect(open.sort()).toEqual([
      '/docs',
      '/docs/script.js',
      '/docs/style.css',
      '/healthz',
      '/hooks/slack/{connection}',
      '/hooks/{name}',
      // The signature of the hook protects these.
      ...[
        'alertmanager',
        'azure',
        'datadog',
        'grafana',
        'opsgenie',
        'pagerduty',
        'sentry',
        'sns',
        'uptime-kuma',
        'zabbix',
      ].map((sender) => `/ingest/${sender}/{hook}`),
      '/openapi.json',
      '/readyz',
      '/session',
      '/session',
      '/session/oidc',
      '/session/oidc',
    ]);
    expect(permissionsOf(['admin']).size).toBe(PERMISSIONS.length);
    expect(permissionsOf(['constructor', '__proto__']).size).toBe(0);
  });
});

describe('tokens', () => {
  it('are shown once, can be found by their prefix, and are stored only as a hash', async () => {
    const created = await api.call('POST', `${BASE}/tokens`, { body: { name: 'ci', roles: ['viewer'] } });
    expect(created.status).toBe(201);
    const token = String(created.body.token);
    const listed = await api.call('GET', `${BASE}/tokens?prefix=${token.slice(0, 12)}`);
    expect(listed.body.items).toMatchObject([{ id: created.body.id, name: 'ci', roles: ['viewer'] }]);
    expect(listed.text).not.toContain(token);
    const dump = await api.rows('select * from api_tokens union all select null,null,null,null,null,null,null,null');
    expect(JSON.stringify(dump)).not.toContain(token);
  });

  it('stop working immediately when they are revoked', async () => {
    const created = await api.call('POST', `${BASE}/tokens`, { body: { name: 'gone', roles: ['viewer'] } });
    const token = String(created.body.token);
    expect((await api.call('GET', `${BASE}/runs`, { token })).status).toBe(200);
    expect((await api.call('DELETE', `${BASE}/tokens/${String(created.body.id)}`)).status).toBe(204);
    expect((await api.call('GET', `${BASE}/runs`, { token })).status).toBe(401);
    expect((await api.call('DELETE', `${BASE}/tokens/${String(created.body.id)}`)).status).toBe(404);
  });

  it('stop working when they expire', async () => {
    const expiresAt = new Date(Date.now() + 400).toISOString();
    const created = await api.call('POST', `${BASE}/tokens`, { body: { name: 'brief', roles: ['viewer'], expiresAt } });
    const token = String(created.body.token);
    expect((await api.call('GET', `${BASE}/runs`, { token })).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 450));
    expect((await api.call('GET', `${BASE}/runs`, { token })).status).toBe(401);
    const past = { name: 'past', roles: ['viewer'], expiresAt: '2020-01-01T00:00:00Z' };
    expect((await api.call('POST', `${BASE}/tokens`, { body: past })).status).toBe(422);
  });

  it('are not stored with the response that a repeated Idempotency-Key returns', async () => {
    const request = { body: { name: 'once', roles: ['viewer'] }, headers: { 'Idempotency-Key': 'token-1' } };
    const first = await api.call('POST', `${BASE}/tokens`, request);
    const again = await api.call('POST', `${BASE}/tokens`, request);
    expect(again.status).toBe(201);
    expect(again.body).toMatchObject({ id: first.body.id, token: null });
    const kept = await api.rows('select response from idempotency_keys');
    expect(JSON.stringify(kept)).not.toContain(String(first.body.token));
  });

  it.each([
    ['no header', {}],
    ['another scheme', { Authorization: 'Basic YTpi' }],
    ['a wrong token', { Authorization: `Bearer ${ADMIN_TOKEN}x` }],
    ['an empty token', { Authorization: 'Bearer ' }],
  ])('are required: a request with %s gets 401', async (_what, headers: Record<string, string>) => {
    const answer = await api.call('GET', `${BASE}/runs`, { token: null, headers });
    expect([answer.status, answer.body.code]).toEqual([401, 'unauthorized']);
  });
});

describe('audit', () => {
  it('has a row for each mutation, even if it was refused, with actor, action and reason', async () => {
    const viewer = await api.token('viewer');
    await api.call('POST', `${BASE}/systems`, { body: { id: 'audited', name: 'Audited' } });
    await api.call('POST', `${BASE}/systems`, { body: { name: '' } });
    await api.call('POST', `${BASE}/systems`, { body: { name: 'x' }, token: viewer });
    await api.call('POST', `${BASE}/systems`, { body: { name: 'x' }, token: null });
    const { items } = (await api.call('GET', `${BASE}/audit?action=systems.create&limit=4`)).body;
    expect(items).toMatchObject([
      { actor: { id: 'anonymous' }, outcome: 'refused', detail: { status: 401, code: 'unauthorized' } },
      { actor: { name: 'viewer' }, outcome: 'refused', detail: { status: 403, code: 'forbidden' } },
      { actor: { id: 'admin' }, outcome: 'refused', detail: { status: 422, code: 'validation_failed' } },
      { actor: { id: 'admin' }, outcome: 'success', target: `${BASE}/systems`, remoteAddress: '127.0.0.1' },
    ]);
    expect(items).toMatchObject([{}, {}, {}, { detail: { created: { id: 'audited', name: 'Audited' } } }]);
    const made = await api.call('POST', `${BASE}/tokens`, { body: { name: 'audited token', roles: ['viewer'] } });
    const rows = (await api.call('GET', `${BASE}/audit?action=tokens.create&limit=1`)).body.items;
    expect(rows).toMatchObject([{ detail: { created: { id: made.body.id, name: 'audited token' } } }]);
    expect(JSON.stringify(rows)).not.toContain(String(made.body.token));
  });

  it('cannot be changed or deleted', async () => {
    for (const change of [`update audit_log set outcome = 'success'`, 'delete from audit_log', 'truncate audit_log']) {
      await expect(api.rows(change)).rejects.toThrow('append-only');
    }
  });

  it('has no rows for accepted events, and one for each refused event', async () => {
    const before = await api.rows('select id from audit_log');
    const event = { specversion: '1.0', id: 'audit-1', source: 'test', type: 'test' };
    expect((await api.call('POST', `${BASE}/events`, { body: event })).status).toBe(202);
    expect((await api.call('POST', `${BASE}/events`, { body: { ...event, id: 1 } })).status).toBe(422);
    expect(await api.rows('select id from audit_log')).toHaveLength(before.length + 1);
  });
});

it('limits the request rate of each token, and returns Retry-After', async () => {
  const limited = await startApiHarness({ rateLimit: { perSecond: 3, ingestPerSecond: 5 } });
  try {
    const [one, other] = [await limited.token('operator'), await limited.token('operator')];
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => limited.call('GET', `${BASE}/runs`, { token: one })));
    const refused = answers.filter((answer) => answer.status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(1);
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect((await limited.call('GET', `${BASE}/runs`, { token: other })).status).toBe(200);
    const event = { specversion: '1.0', id: 'rate', source: 'test', type: 'test' };
    expect((await limited.call('POST', `${BASE}/events`, { body: event, token: one })).status).toBe(202);
  } finally {
    await limited.end();
  }
});
