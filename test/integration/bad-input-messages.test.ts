import { BASE, startApiHarness, type ApiHarness } from './api-harness';

const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('the messages for bad input', () => {
  let api: ApiHarness;
  beforeAll(async () => {
    api = await startApiHarness();
  });
  afterAll(() => api.end());

  const post = (path: string, body: unknown) => api.call('POST', `${BASE}${path}`, { body, headers: JSON_TYPE });

  it.each<[path: string, body: unknown, path: string, message: string]>([
    ['/systems', {}, 'name', '"name" is missing; expected a string'],
    ['/systems', { name: 5 }, 'name', 'Expected a string, got the number 5'],
    ['/systems', { name: 'x', groupIds: 'a' }, 'groupIds', 'Expected a list of strings, got the string "a"'],
    ['/systems', { name: 'x', metdata: {} }, 'metdata', 'Unknown key "metdata". Did you mean "metadata"?'],
    ['/slos', { systemId: 'a', name: 'x', target: 101 }, 'target', 'Must be at most 100, got 101'],
    [
      '/slos',
      { systemId: 'a', name: 'x', target: 99, windowDays: 0.5 },
      'windowDays',
      'Expected a whole number, got the number 0.5',
    ],
    [
      '/incidents',
      { title: 'x', severity: 'high', systemIds: ['a'] },
      'severity',
      'Expected one of minor, major, critical; got "high"',
    ],
    [
      '/maintenances',
      { title: 'x', systemIds: ['a'], startAt: 'today', endAt: '2026-01-01T00:00:00Z' },
      'startAt',
      'must be an RFC 3339 time with a zone, such as 2026-01-31T12:00:00Z; got "today"',
    ],
    [
      '/hooks',
      { name: 'x', scheme: 'header', secrets: 'a secret' },
      'secrets',
      'Expected a list of strings, got a string',
    ],
    ['/hooks', { name: 'X Y', scheme: 'none' }, 'name', 'must be 1 to 100 letters, digits, "_", "." or "-"; got "X Y"'],
    [
      '/connections',
      { name: 'x', type: 'slak', config: {} },
      'type',
      '"slak" is not a type of connection. Did you mean "slack"?',
    ],
    [
      '/connections',
      { name: 'x', type: 'slack', config: {} },
      'config.botToken',
      '"botToken" is missing; expected a string',
    ],
    [
      '/connections',
      { name: 'x', type: 'slack', config: { botToken: 5 } },
      'config.botToken',
      'Expected a string, got a number',
    ],
    [
      '/connections',
      { name: 'x', type: 'slack', config: { botToken: 'x', foo: 1 } },
      'config.foo',
      'Unknown key "foo". Known here: botToken, signingSecret, baseUrl',
    ],
    ['/events', { specversion: '2.0', id: '1', source: 's', type: 't' }, 'specversion', 'must be "1.0", got "2.0"'],
    ['/events', { specversion: '1.0', id: 1, source: 's', type: 't' }, 'id', 'Expected a string, got the number 1'],
    [
      '/health/results',
      { systemId: 'a', configurationId: 'b', status: 'ok' },
      'status',
      'Expected one of healthy, degraded, unhealthy; got "ok"',
    ],
    [
      '/health/results',
      { systemId: 'a', configurationId: 'b', status: 'healthy', extra: 1 },
      'extra',
      'Unknown key "extra". Known here: systemId, configurationId, status, latencyMs, collectors, message, timestamp',
    ],
    [
      '/health/results',
      { results: [{ systemId: 'a', configurationId: 'b', status: 'healthy', extra: 1 }] },
      'results[0].extra',
      'Unknown key "extra". Known here: systemId, configurationId, status, latencyMs, collectors, message, timestamp',
    ],
    ['/health/results', { results: [], more: 1 }, 'more', 'Unknown key "more". Known here: results'],
    ['/health/results', { results: 5 }, 'results', 'Expected a list, got the number 5'],
    [
      '/tokens',
      { name: 'x', roles: ['god'] },
      'roles[0]',
      'Expected one of viewer, author, operator, ingest, admin; got "god"',
    ],
    [
      '/runs/cancel',
      { status: 'x' },
      'status',
      'Expected one of pending, running, waiting, success, failed, cancelled or a list; got "x"',
    ],
    [
      '/automations',
      { name: 'x', triggers: [{ event: 'alert.fired' }], mode: 5 },
      'mode',
      'Expected one of single, restart, queued, parallel; got 5',
    ],
    ['/automations', { name: 'x', triggers: {} }, 'triggers', 'Expected a list of maps, got a map'],
  ])('POST %s with %j reports for %s: %s', async (path, body, place, message) => {
    const answer = await post(path, body);
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toMatchObject([{ path: place, message }]);
    expect(answer.body.detail).toContain(message);
  });

  it.each([
    ['/runs?limit=0', 'limit', 'Must be at least 1, got 0'],
    ['/runs?limit=abc', 'limit', 'Expected a number, got the string "abc"'],
    [
      '/runs?status=runing',
      'status[0]',
      'Expected one of pending, running, waiting, success, failed, cancelled; got "runing". Did you mean "running"?',
    ],
    [
      '/runs?from=yesterday',
      'from',
      'Expected a time such as 2026-01-31T12:00:00Z or a date such as 2026-01-31, got "yesterday"',
    ],
    ['/runs?automationId=5', 'automationId', 'Expected a UUID, got "5"'],
    ['/automations?status=on', 'status', 'Expected one of enabled, disabled; got "on"'],
  ])('GET %s reports for %s: %s', async (path, place, message) => {
    const answer = await api.call('GET', `${BASE}${path}`);
    expect([answer.status, answer.body.errors]).toMatchObject([422, [{ path: place, message }]]);
  });

  it('does not repeat the value of a secret that is not a string', async () => {
    const answer = await api.call('PUT', `${BASE}/secrets/PIN`, { body: { value: 12345678 }, headers: JSON_TYPE });
    expect(answer.body.errors).toMatchObject([{ path: 'value', message: 'Expected a string, got a number' }]);
  });

  it.each<[method: 'PUT' | 'POST' | 'PATCH', path: string, body: (text: string) => unknown]>([
    ['PUT', '/secrets/PIN', (text) => text],
    ['PUT', '/secrets/PIN', (text) => ({ value: [text] })],
    ['PUT', '/secrets/PIN', (text) => ({ value: 'x', allow: text })],
    ['PUT', '/secrets/PIN', (text) => ({ value: 'x', allow: { hosts: text } })],
    ['POST', '/connections', (text) => text],
    ['POST', '/connections', (text) => ({ name: 'x', type: 'http', config: text })],
    ['POST', '/connections', (text) => ({ name: 'x', type: 'http', config: { oauth2: text, headers: text } })],
    ['PATCH', '/connections/0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11', (text) => ({ config: text })],
    ['POST', '/connections/test', (text) => ({ type: 'http', config: text })],
    ['POST', '/hooks', (text) => text],
    ['POST', '/hooks', (text) => ({ name: 'x', scheme: 'header', secrets: text })],
    ['PATCH', '/hooks/x', (text) => text],
    ['POST', '/session', (text) => text],
    ['POST', '/session', (text) => ({ oidc: text })],
    ['POST', '/tokens', (text) => text],
  ])('%s %s does not repeat a secret that was sent in the wrong place', async (method, path, body) => {
    const answer = await api.call(method, `${BASE}${path}`, {
      body: JSON.stringify(body('canary-value')),
      headers: JSON_TYPE,
    });
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.body)).not.toContain('canary');
  });
});
