import { BASE, startApiHarness, type ApiHarness } from './api-harness';

let api: ApiHarness;
beforeAll(async () => {
  api = await startApiHarness();
});
afterAll(() => api.end());

const itemsOf = (answer: { body: Record<string, unknown> }) => answer.body.items as Record<string, unknown>[];

describe('custom entities', () => {
  beforeAll(async () => {
    const schema = {
      type: 'object',
      properties: { v: { type: 'string' }, n: { type: 'number' } },
      additionalProperties: false,
    };
    await api.call('PUT', `${BASE}/entity-kinds/deploy`, { body: { schema, description: 'A deployment' } });
  });

  it('are set, merged, listed and deleted, and have a history of each field', async () => {
    const path = `${BASE}/entities/deploy/${encodeURIComponent('shop/eu')}`;
    const put = await api.call('PUT', path, { body: { v: '1', n: 1 } });
    expect([put.status, put.body.kind, put.body.id, put.body.state]).toEqual([
      200,
      'deploy',
      'shop/eu',
      { v: '1', n: 1 },
    ]);
    const patched = await api.call('PATCH', path, { body: { v: '2', n: null } });
    expect(patched.body.state).toEqual({ v: '2' });
    expect((await api.call('GET', path)).headers.get('etag')).toBe(patched.headers.get('etag'));
    expect(itemsOf(await api.call('GET', `${BASE}/entities/deploy`))).toMatchObject([{ id: 'shop/eu' }]);
    const transitions = itemsOf(await api.call('GET', `${path}/transitions?field=n`));
    expect(transitions).toMatchObject([
      { field: 'n', from: 1, to: null },
      { field: 'n', from: null, to: 1 },
    ]);
    expect((await api.call('DELETE', path)).status).toBe(204);
    expect((await api.call('GET', path)).status).toBe(404);
    expect((await api.call('DELETE', path)).status).toBe(404);
  });

  it('refuse states that their schema forbids, stale ETags, built-in kinds and unknown kinds', async () => {
    const path = `${BASE}/entities/deploy/strict`;
    const first = await api.call('PUT', path, { body: { v: 'a' } });
    expect((await api.call('PUT', path, { body: { v: 1 } })).body).toMatchObject({
      status: 422,
      errors: [{ path: 'v' }],
    });
    const stale = { 'If-Match': first.headers.get('etag') ?? '' };
    await api.call('PATCH', path, { body: { v: 'b' } });
    expect((await api.call('PUT', path, { body: {}, headers: stale })).status).toBe(412);
    expect((await api.call('DELETE', path, { headers: stale })).status).toBe(412);
    expect((await api.call('PUT', `${BASE}/entities/health/x`, { body: {} })).status).toBe(409);
    expect((await api.call('PUT', `${BASE}/entities/nope/x`, { body: {} })).status).toBe(404);
    expect((await api.call('PUT', `${BASE}/entity-kinds/health`, { body: { schema: {} } })).status).toBe(409);
    expect((await api.call('PUT', `${BASE}/entity-kinds/bad`, { body: { schema: { type: 'nope' } } })).status).toBe(
      422,
    );
  });

  it('are listed newest first, each once across all pages', async () => {
    for (const id of ['p1', 'p2', 'p3', 'p4', 'p5'])
      await api.call('PUT', `${BASE}/entities/deploy/${id}`, { body: {} });
    const ids: unknown[] = [];
    for (let cursor = ''; ;) {
      const page = await api.call('GET', `${BASE}/entities/deploy?limit=2${cursor}`);
      ids.push(...itemsOf(page).map(({ id }) => id));
      if (page.body.nextCursor === null) break;
      cursor = `&cursor=${String(page.body.nextCursor)}`;
    }
    expect(ids.filter((id) => String(id).startsWith('p'))).toEqual(['p5', 'p4', 'p3', 'p2', 'p1']);
  });

  it('have kinds that are listed together with the built-in kinds', async () => {
    const kinds = itemsOf(await api.call('GET', `${BASE}/entity-kinds`));
    expect(kinds).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'deploy', source: 'custom', description: 'A deployment', reactive: true }),
        expect.objectContaining({ kind: 'health', source: 'built_in' }),
      ]),
    );
  });
});

describe('systems and health', () => {
  it('are created, changed, found and deleted, with their health', async () => {
    const made = await api.call('POST', `${BASE}/systems`, {
      body: { id: 'shop', name: 'Shop', metadata: { tier: 1 } },
    });
    expect([made.status, made.body]).toMatchObject([201, { id: 'shop', name: 'Shop', description: null }]);
    expect((await api.call('POST', `${BASE}/systems`, { body: { id: 'shop', name: 'x' } })).status).toBe(409);
    const stale = { 'If-Match': made.headers.get('etag') ?? '' };
    const patched = await api.call('PATCH', `${BASE}/systems/shop`, { body: { description: 'd' }, headers: stale });
    expect(patched.body).toMatchObject({ name: 'Shop', description: 'd', metadata: { tier: 1 } });
    expect((await api.call('PATCH', `${BASE}/systems/shop`, { body: {}, headers: stale })).status).toBe(412);
    expect((await api.call('GET', `${BASE}/health/shop`)).body).toMatchObject({
      ...{ id: 'shop', systemId: 'shop', status: 'healthy', healthyChecks: 0, totalChecks: 0 },
      lastRunAt: null,
    });
    const result = { systemId: 'shop', configurationId: 'http', status: 'unhealthy', latencyMs: 12 };
    expect((await api.call('POST', `${BASE}/health/results`, { body: result })).status).toBe(202);
    const health = await api.call('GET', `${BASE}/health/shop?transitionWindowMinutes=5`);
    expect(health.body).toMatchObject({
      ...{ status: 'unhealthy', healthyChecks: 0, totalChecks: 1 },
      latencyMs: 12,
      successRate: 0,
      transitionWindowMinutes: 5,
    });
    expect(itemsOf(await api.call('GET', `${BASE}/systems?q=SHO`))).toHaveLength(1);
    const ill = itemsOf(await api.call('GET', `${BASE}/systems?health=unhealthy,degraded`));
    expect(ill).toMatchObject([{ id: 'shop', name: 'Shop' }]);
    expect(itemsOf(await api.call('GET', `${BASE}/systems?q=SHO&health=healthy`))).toEqual([]);
    expect((await api.call('GET', `${BASE}/systems?health=fine`)).status).toBe(422);
    expect((await api.call('DELETE', `${BASE}/systems/shop`)).status).toBe(204);
    expect((await api.call('GET', `${BASE}/health/shop`)).status).toBe(404);
  });

  it('are created by alerts from Alertmanager', async () => {
    const alert = (status: string) => ({
      version: '4',
      alerts: [
        {
          status,
          labels: { alertname: 'Down', system: 'pay', severity: 'critical' },
          annotations: {},
          fingerprint: 'f1',
        },
      ],
    });
    const post = (status: string) => api.call('POST', `${BASE}/ingest/alertmanager`, { body: alert(status) });
    const firing = await post('firing');
    expect([firing.status, firing.body.accepted, (firing.body.changeIds as unknown[]).length]).toEqual([202, 1, 2]);
    expect((await post('firing')).body.changeIds).toEqual([]);
    expect((await api.call('GET', `${BASE}/health/pay`)).body.status).toBe('unhealthy');
    await post('resolved');
    expect((await api.call('GET', `${BASE}/health/pay`)).body.status).toBe('healthy');
  });
});

it('accepts one of several updates with the same ETag; computed fields do not change the ETag', async () => {
  const make = async (path: string, body: unknown) => {
    const made = await api.call('POST', `${BASE}${path}`, { body });
    return { path: `${path}/${String(made.body.id)}`, tag: made.headers.get('etag') ?? '' };
  };
  await make('/systems', { id: 'raced', name: 'Raced' });
  await make('/systems', { id: 'behind', name: 'Behind' });
  const edge = { sourceSystemId: 'raced', targetSystemId: 'behind', impactType: 'critical' };
  const resources = [
    { ...(await make('/system-groups', { name: 'g' })), patch: (n: number) => ({ name: `g${n}` }) },
    { ...(await make('/dependencies', edge)), patch: (n: number) => ({ label: `l${n}` }) },
    {
      ...(await make('/slos', { systemId: 'raced', name: 's', target: 99 })),
      patch: (n: number) => ({ name: `s${n}` }),
    },
    { ...(await make('/satellites', { name: 'eu' })), patch: (n: number) => ({ region: `r${n}` }) },
  ];
  for (const { path, tag } of resources) {
    expect([path, (await api.call('GET', `${BASE}${path}`)).headers.get('etag')]).toEqual([path, tag]);
  }
  for (const { path, tag, patch } of resources) {
    const calls = [1, 2, 3, 4].map((n) =>
      api.call('PATCH', `${BASE}${path}`, { body: patch(n), headers: { 'If-Match': tag } }),
    );
    const statuses = (await Promise.all(calls)).map(({ status }) => status).sort();
    expect([path, statuses]).toEqual([path, [200, 412, 412, 412]]);
  }
  const satellite = resources[3]?.path ?? '';
  const before = (await api.call('GET', `${BASE}${satellite}`)).headers.get('etag') ?? '';
  expect((await api.call('POST', `${BASE}${satellite}/heartbeat`)).body).toMatchObject({ status: 'online' });
  const patched = await api.call('PATCH', `${BASE}${satellite}`, {
    body: { region: 'x' },
    headers: { 'If-Match': before },
  });
  expect(patched.status).toBe(200);

  const check = await make('/health/assignments', { systemId: 'raced', configurationId: 'http' });
  await api.call('POST', `${BASE}/health/results`, {
    body: { systemId: 'raced', configurationId: 'http', status: 'healthy' },
  });
  const headers = { 'If-Match': check.tag };
  const path = `${BASE}${check.path}`;
  expect((await api.call('PATCH', path, { body: { enabled: false }, headers })).status).toBe(200);
  expect((await api.call('PATCH', path, { body: { enabled: false }, headers })).status).toBe(412);
  expect((await api.call('DELETE', path, { headers })).status).toBe(412);
});

it('changes the address of a connection, and requires its secrets again if it has any', async () => {
  const create = async (config: Record<string, unknown>) => {
    const { body } = await api.call('POST', `${BASE}/connections`, {
      body: { name: 'moves', type: 'webhook', config },
    });
    return `${BASE}/connections/${String(body.id)}`;
  };
  const move = async (path: string) =>
    (await api.call('PATCH', path, { body: { config: { baseUrl: 'https://b.example.com' } } })).status;
  const baseUrl = 'https://a.example.com';
  expect(await move(await create({ baseUrl }))).toBe(200);
  expect(await move(await create({ baseUrl, headers: {} }))).toBe(200);
  expect(await move(await create({ baseUrl, headers: { 'x-key': 'a-long-secret-key' } }))).toBe(422);
});

it('returns the same ETag for a connection from POST and GET, regardless of the order of keys in its config', async () => {
  const config = { user: 'u', port: 2525, password: 'pass-word', host: 'mail.example.com' };
  const made = await api.call('POST', `${BASE}/connections`, { body: { name: 'mail', type: 'smtp', config } });
  const path = `${BASE}/connections/${String(made.body.id)}`;
  const tag = made.headers.get('etag') ?? '';
  expect((await api.call('GET', path)).headers.get('etag')).toBe(tag);
  const patched = await api.call('PATCH', path, { body: { name: 'post' }, headers: { 'If-Match': tag } });
  expect(patched.status).toBe(200);
});

it('stores incidents with their updates', async () => {
  const body = { title: 'Down', severity: 'critical', systemIds: ['shop'], message: 'Looking' };
  const made = await api.call('POST', `${BASE}/incidents`, { body });
  expect([made.status, made.body]).toMatchObject([
    201,
    { status: 'investigating', resolvedAt: null, createdBy: { id: 'admin' } },
  ]);
  const path = `${BASE}/incidents/${String(made.body.id)}`;
  const update = await api.call('POST', `${path}/updates`, { body: { message: 'Fixed', statusChange: 'resolved' } });
  expect([update.status, update.body]).toMatchObject([201, { message: 'Fixed', statusChange: 'resolved' }]);
  expect((await api.call('GET', path)).body).toMatchObject({
    status: 'resolved',
    resolvedAt: expect.any(String) as string,
  });
  expect(itemsOf(await api.call('GET', `${path}/updates`)).map(({ message }) => message)).toEqual(['Fixed', 'Looking']);
  expect((await api.call('PATCH', path, { body: { severity: 'minor' } })).body.severity).toBe('minor');
  expect(itemsOf(await api.call('GET', `${BASE}/incidents?status=resolved&systemId=shop`))).toHaveLength(1);
  expect(itemsOf(await api.call('GET', `${BASE}/incidents?status=investigating,fixing`))).toHaveLength(0);
});

describe('runs', () => {
  const start = async (name: string, count: number) => {
    const document = { name, mode: 'parallel', triggers: [{ event: 'catalog.created' }], actions: [] };
    const { body } = await api.call('POST', `${BASE}/automations`, { body: document });
    const path = `${BASE}/automations/${String(body.id)}/runs`;
    const ids: string[] = [];
    for (let i = 0; i < count; i += 1) {
      const started = await api.call('POST', path, { body: { contextKey: `${name}-${i % 2}` } });
      ids.push(String(started.body.runId));
    }
    return { automationId: String(body.id), ids };
  };

  it('are listed newest first and filtered', async () => {
    const { automationId, ids } = await start('Filtered', 4);
    const list = async (query: string) => itemsOf(await api.call('GET', `${BASE}/runs?${query}`)).map(({ id }) => id);
    expect(await list(`automationId=${automationId}`)).toEqual([...ids].reverse());
    expect(await list(`contextKey=Filtered-1&status=pending,running`)).toEqual([ids[3], ids[1]]);
    expect(await list('q=filtered')).toHaveLength(4);
    expect(await list(`q=${ids[0] ?? ''}`)).toEqual([ids[0]]);
    expect(await list('q=%25')).toEqual([]);
    expect(await list(`automationId=${automationId}&from=2099-01-01T00:00:00Z`)).toEqual([]);
    expect(await list(`automationId=${automationId}&to=2099-01-01&status=success`)).toEqual([]);
  });

  it('link to the Web UI once they have an execution', async () => {
    const { ids } = await start('Linked', 1);
    await api.rows(`update runs set execution_run_id = 'e-1', workflow_id = 'run:a/b' where id = $1`, [ids[0]]);
    const { run } = (await api.call('GET', `${BASE}/runs/${ids[0] ?? ''}`)).body as { run: Record<string, unknown> };
    expect(run.webUiUrl).toBe('http://ui.test/namespaces/default/workflows/run%3Aa%2Fb/e-1/history');
  });

  it('are cancelled individually and by filter', async () => {
    const { automationId, ids } = await start('Cancelled', 4);
    const one = await api.call('POST', `${BASE}/runs/${ids[0] ?? ''}/cancel`);
    expect(one.body).toMatchObject({ status: 'cancelled', endedBy: { kind: 'cancel' } });
    const again = await api.call('POST', `${BASE}/runs/${ids[0] ?? ''}/cancel`);
    expect([again.status, again.body.code]).toEqual([409, 'run_closed']);
    const bulk = (body: unknown) => api.call('POST', `${BASE}/runs/cancel`, { body });
    expect((await bulk({ automationId, contextKey: 'Cancelled-1' })).body).toEqual({ matched: 2, done: 2 });
    expect((await bulk({ automationId, status: 'cancelled' })).body).toEqual({ matched: 3, done: 0 });
    expect((await bulk({ automationId })).body).toEqual({ matched: 1, done: 1 });
    expect((await bulk({})).status).toBe(422);
  });
});

it('shows dead letters and retries them', async () => {
  const event = { specversion: '1.0', id: 'dead', source: 's', type: 't' };
  const { changeIds } = (await api.call('POST', `${BASE}/events`, { body: event })).body as { changeIds: string[] };
  await api.rows(
    `update changes set failed_at = now(), routed_at = now(), attempts = 5, error = '{"message": "boom"}' where change_id = $1`,
    [changeIds[0]],
  );
  const failed = itemsOf(await api.call('GET', `${BASE}/changes/failed`));
  expect(failed).toMatchObject([
    { changeId: changeIds[0], attempts: 5, error: { message: 'boom' }, event: 'automation.event' },
  ]);
  expect((await api.call('POST', `${BASE}/changes/${changeIds[0] ?? ''}/retry`)).status).toBe(200);
  expect(itemsOf(await api.call('GET', `${BASE}/changes/failed`))).toEqual([]);
  expect((await api.call('POST', `${BASE}/changes/${changeIds[0] ?? ''}/retry`)).status).toBe(404);
});

describe('registry, templates, documentation, metrics', () => {
  it('lists triggers, actions, artifact types and filters, and returns the schema of automations', async () => {
    const byId = async (path: string) => itemsOf(await api.call('GET', `${BASE}${path}`));
    expect(await byId('/triggers')).toContainEqual(
      expect.objectContaining({ id: 'healthcheck.system_degraded', contextKeyLabel: 'system', supportsFor: true }),
    );
    expect(await byId('/actions')).toContainEqual(expect.objectContaining({ id: 'incident.create' }));
    expect(await byId('/artifact-types')).toContainEqual(expect.objectContaining({ id: 'incident.incident' }));
    expect(await byId('/filters')).toContainEqual(expect.objectContaining({ name: 'default', builtIn: true }));
    const { $defs } = (await api.call('GET', `${BASE}/schema/automation`)).body as { $defs: Record<string, object> };
    expect($defs.Automation).toMatchObject({ properties: { triggers: { type: 'array' } } });
  });

  it('renders templates, keeps types, and reports the position of an error', async () => {
    const render = async (body: unknown) => (await api.call('POST', `${BASE}/templates/render`, { body })).body;
    const context = { trigger: { payload: { n: 2 } } };
    expect(await render({ template: 'n={{ trigger.payload.n }}', context })).toEqual({ output: 'n=2' });
    expect(await render({ template: '{{ trigger.payload.n + 1 }}', context })).toEqual({ output: 3 });
    expect(await render({ template: { a: ['{{ now }}'] }, now: '2026-01-02T03:04:05Z' })).toMatchObject({
      output: { a: ['2026-01-02T03:04:05.000Z'] },
    });
    expect(await render({ template: 'trigger.payload.n > 1', context, mode: 'expression' })).toEqual({ output: true });
    expect(await render({ template: 'a\n{{ b | nope }}' })).toMatchObject({ error: { line: 2, column: 8 } });
    const aliased = { variables: { a: 1 }, trigger: { event: 'e' }, wait: { trigger: { payload: { b: 2 } } } };
    const template = '{{ vars.a }}{{ var.a }}{{ trigger.eventId }}{{ resume.payload.b }}${{ secrets.A }}';
    expect(await render({ template, context: aliased })).toEqual({ output: '11e2${{ secrets.A }}' });
    expect(await render({ template: '{{ now }}', context: { now: '2026-01-02T03:04:05Z' } })).toEqual({
      output: '2026-01-02T03:04:05.000Z',
    });
    expect(await render({ template: '{{ missing }}' })).toEqual({ output: '' });
    expect(await render({ template: 'a && {{ b }}', mode: 'expression' })).toEqual({
      error: { message: expect.stringContaining('remove the {{ }}') as string, line: 1, column: 6 },
    });
    expect((await api.call('POST', `${BASE}/templates/render`, { body: {} })).status).toBe(422);
  });

  it('serves the OpenAPI document, and its page with a strict content security policy', async () => {
    const page = await api.call('GET', '/docs', { token: null });
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    for (const path of ['/docs/style.css', '/docs/script.js']) {
      expect(page.text).toContain(path);
      expect((await api.call('GET', path, { token: null })).status).toBe(200);
    }
    expect((await api.call('GET', '/openapi.json', { token: null })).body).toMatchObject({ openapi: '3.1.0' });
  });

  it('counts requests and changes', async () => {
    expect((await api.call('GET', '/metrics', { token: null })).status).toBe(401);
    const { text } = await api.call('GET', '/metrics');
    expect(text).toMatch(/^fermata_changes_total \d+/m);
    expect(text).toMatch(/^fermata_dead_letters 0/m);
    expect(text).toMatch(/^http_request_duration_seconds_count\{method="post",route="\/events",status="202"\} \d+/m);
  });
});

it('keeps the ETag of every resource if a PATCH changes nothing, even if it repeats secrets', async () => {
  const make = async (path: string, body: unknown, key = 'id') => {
    const made = await api.call('POST', `${BASE}${path}`, { body });
    expect(made.status).toBe(201);
    return { path: `${BASE}${path}/${encodeURIComponent(String(made.body[key]))}`, tag: made.headers.get('etag') };
  };
  const automation = { name: 'Same', triggers: [{ event: 'automation.event', config: { type: 't' } }], actions: [] };
  const actions = [{ action: 'automation.log', config: { message: 'm' } }];
  const smtp = { host: 'mail.example.com', port: 25, user: 'u', password: 'pass-word' };
  const window = { startAt: '2030-01-01T00:00:00.000Z', endAt: '2030-01-01T01:00:00.000Z' };
  const resources = [
    { ...(await make('/automations', { ...automation, actions })), same: { name: 'Same', status: 'enabled', actions } },
    {
      ...(await make('/hooks', { name: 'same', scheme: 'header', secrets: ['secret-value'] }, 'name')),
      same: { secrets: ['secret-value'] },
    },
    {
      ...(await make('/connections', { name: 'same', type: 'smtp', config: smtp })),
      same: { name: 'same', config: smtp },
    },
    { ...(await make('/systems', { id: 'same-system', name: 'Same' })), same: { name: 'Same' } },
    { ...(await make('/system-groups', { name: 'same' })), same: { name: 'same' } },
    {
      ...(await make('/incidents', { title: 'Same', severity: 'minor', systemIds: ['shop'] })),
      same: { severity: 'minor' },
    },
    {
      ...(await make('/maintenances', { title: 'Same', systemIds: ['shop'], ...window })),
      same: { title: 'Same', ...window },
    },
    { ...(await make('/slos', { systemId: 'same-system', name: 's', target: 99 })), same: { target: 99 } },
    { ...(await make('/satellites', { name: 'same' })), same: { name: 'same' } },
  ];
  for (const { path, tag, same } of resources) {
    for (const body of [{}, same]) {
      const patched = await api.call('PATCH', path, { body, headers: { 'If-Match': tag ?? '' } });
      expect([path, patched.status, patched.headers.get('etag')]).toEqual([path, 200, tag]);
    }
    expect([path, (await api.call('GET', path)).headers.get('etag')]).toEqual([path, tag]);
  }
  const [first] = resources;
  expect((await api.call('POST', `${first?.path}/enable`)).headers.get('etag')).toBe(first?.tag);
  expect((await api.call('POST', `${first?.path}/disable`)).headers.get('etag')).not.toBe(first?.tag);
});
