import { BASE, startApiHarness, type ApiHarness } from './api-harness';

let api: ApiHarness;
beforeAll(async () => {
  api = await startApiHarness();
});
afterAll(() => api.end());

const document = (name: string, more: Record<string, unknown> = {}) => ({
  name,
  triggers: [{ event: 'healthcheck.system_degraded' }],
  actions: [{ action: 'automation.log', config: { message: 'hello' } }],
  ...more,
});
const create = async (body: unknown, headers: Record<string, string> = {}) =>
  api.call('POST', `${BASE}/automations`, { body, headers });
const YAML = `# keep me
name: From YAML
group: on-call
triggers:
  - event: healthcheck.system_degraded
actions:
  - action: automation.log
    config: { message: hi }
`;

describe('saving', () => {
  it('returns the document with its defaults and derived trigger ids, and its address', async () => {
    const made = await create(document('First', { status: 'disabled', group: ' night ' }));
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      ...{ name: 'First', group: 'night', status: 'disabled', managedBy: 'api', version: 1, warnings: [] },
      ...{ description: null, lastTriggeredAt: null },
      definition: { mode: 'single', triggers: [{ id: 'healthcheck_system_degraded' }] },
    });
    const got = await api.call('GET', made.headers.get('location') ?? '');
    expect(got.body).toEqual(made.body);
    expect(got.headers.get('etag')).toBe(made.headers.get('etag'));
  });

  it('refuses an invalid document with all its errors and the nearest known names, and stores nothing', async () => {
    const body = document('Wrong', { triggers: [{ event: 'healthcheck.system_degradet' }], colour: 'red' });
    const answer = await create(body);
    expect([answer.status, answer.body.code]).toEqual([422, 'validation_failed']);
    const errors = answer.body.errors as { path: string; message: string }[];
    expect(errors.map(({ path }) => path).sort()).toEqual(['colour', 'triggers[0].event']);
    expect(errors.find(({ path }) => path === 'triggers[0].event')?.message).toContain('healthcheck.system_degraded');
    expect((await api.call('GET', `${BASE}/automations?q=Wrong`)).body.items).toEqual([]);
  });

  it.each([[[]], ['text'], [7], [null]])('refuses %j, which is not a document', async (body) => {
    const answer = await create(JSON.stringify(body), { 'Content-Type': 'application/json' });
    expect([answer.status, answer.body.code]).toEqual([422, 'validation_failed']);
  });

  it('creates a new version only if the definition changes, and keeps the old ones', async () => {
    const { body } = await create(document('Versions'));
    const path = `${BASE}/automations/${String(body.id)}`;
    expect((await api.call('PATCH', path, { body: { group: 'a' } })).body).toMatchObject({ version: 1, group: 'a' });
    expect((await api.call('PATCH', path, { body: { name: 'Versions' } })).body.version).toBe(1);
    expect((await api.call('PATCH', path, { body: { description: 'two' } })).body).toMatchObject({
      version: 2,
      group: 'a',
    });
    const cleared = await api.call('PATCH', path, { body: { description: null, group: null } });
    expect(cleared.body).toMatchObject({ version: 3, group: null, description: null });
    const rolled = await api.call('POST', `${path}/versions/2/rollback`);
    expect(rolled.body).toMatchObject({ version: 4, description: 'two' });
    const versions = await api.call('GET', `${path}/versions?limit=3`);
    expect(versions.body.items).toMatchObject([
      { version: 4 },
      { version: 3 },
      { version: 2, createdBy: { id: 'admin' } },
    ]);
    const rest = await api.call('GET', `${path}/versions?cursor=${String(versions.body.nextCursor)}`);
    expect(rest.body).toMatchObject({ items: [{ version: 1 }], nextCursor: null });
    expect((await api.call('POST', `${path}/versions/9/rollback`)).status).toBe(404);
    expect((await api.call('GET', `${path}/versions/2`)).body).toEqual((versions.body.items as unknown[])[2]);
    for (const unknown of ['9', '0', 'x']) {
      expect((await api.call('GET', `${path}/versions/${unknown}`)).status).toBe(404);
    }
  });

  it('refuses an update that is based on an older state; without If-Match, the last write wins', async () => {
    const made = await create(document('Etag'));
    const path = `${BASE}/automations/${String(made.body.id)}`;
    const stale = { 'If-Match': made.headers.get('etag') ?? '' };
    const first = await api.call('PATCH', path, { body: { description: 'a' }, headers: stale });
    expect(first.status).toBe(200);
    for (const [method, at] of [
      ['PATCH', path],
      ['DELETE', path],
      ['POST', `${path}/disable`],
    ] as const) {
      const answer = await api.call(method, at, {
        body: method === 'PATCH' ? { description: 'b' } : undefined,
        headers: stale,
      });
      expect([answer.status, answer.body.code]).toEqual([412, 'stale_etag']);
    }
    expect((await api.call('PATCH', path, { body: { description: 'c' } })).status).toBe(200);
    expect((await api.call('DELETE', path, { headers: { 'If-Match': '*' } })).status).toBe(204);
    expect((await api.call('GET', path)).status).toBe(404);
  });

  it('keeps both of two concurrent patches of different keys', async () => {
    const { body } = await create(document('Race'));
    const path = `${BASE}/automations/${String(body.id)}`;
    await Promise.all([
      api.call('PATCH', path, { body: { description: 'kept' } }),
      api.call('PATCH', path, { body: { mode: 'queued' } }),
    ]);
    expect((await api.call('GET', path)).body).toMatchObject({ description: 'kept', definition: { mode: 'queued' } });
  });
});

describe('YAML', () => {
  const yaml = { 'Content-Type': 'application/yaml' };
  const accept = { headers: { Accept: 'application/yaml' } };

  it('is returned as it was written, and keeps its comments when JSON changes the automation', async () => {
    const made = await create(YAML, yaml);
    expect(made.body).toMatchObject({ name: 'From YAML', group: 'on-call' });
    const path = `${BASE}/automations/${String(made.body.id)}`;
    const text = await api.call('GET', path, accept);
    expect(text.headers.get('content-type')).toContain('application/yaml');
    expect(text.text).toBe(YAML);
    await api.call('PATCH', path, { body: { group: 'days' } });
    const changed = await api.call('GET', path, accept);
    expect(changed.text).toBe(YAML.replace('on-call', 'days'));
    const again = await create(changed.text, yaml);
    expect(again.body.definition).toEqual(made.body.definition);
    const described = await api.call('PATCH', path, { body: { description: 'by JSON' } });
    expect(described.body).toMatchObject({ version: 2, description: 'by JSON' });
    const text2 = YAML.replace('name: From YAML\n', 'name: From YAML\ndescription: by JSON\n').replace(
      'on-call',
      'days',
    );
    expect((await api.call('GET', path, accept)).text).toBe(text2);
  });

  it('is replaced by an update that contains the whole document or has ?replace=true; otherwise the keys are merged', async () => {
    const { body } = await create(YAML, yaml);
    const path = `${BASE}/automations/${String(body.id)}`;
    const second = YAML.replace('{ message: hi }', '{ message: ho } # louder');
    const whole = await api.call('PATCH', path, { body: second, headers: yaml });
    expect(whole.body.version).toBe(2);
    expect((await api.call('GET', path, accept)).text).toBe(second);
    const third = second.replace('group: on-call\n', '').replace('# louder', '# quieter');
    const replaced = await api.call('PATCH', `${path}?replace=true`, { body: third, headers: yaml });
    expect(replaced.body).toMatchObject({ version: 2, group: null });
    expect((await api.call('GET', path, accept)).text).toBe(third);
    await api.call('PATCH', path, { body: 'mode: queued # one by one\n', headers: yaml });
    const merged = (await api.call('GET', path, accept)).text;
    expect(merged).toBe(third.replace('name: From YAML\n', 'name: From YAML\nmode: queued # one by one\n'));
  });

  it('gets a new ETag but no new version if only comments change', async () => {
    const { body, headers } = await create(YAML, yaml);
    const path = `${BASE}/automations/${String(body.id)}`;
    const text = YAML.replace('# keep me', '# keep this instead');
    const saved = await api.call('PATCH', `${path}?replace=true`, { body: text, headers: yaml });
    expect([saved.status, saved.body.version]).toEqual([200, 1]);
    expect(saved.headers.get('etag')).not.toBe(headers.get('etag'));
    expect((await api.call('GET', path, accept)).text).toBe(text);
    const same = await api.call('PATCH', `${path}?replace=true`, { body: text, headers: yaml });
    expect(same.headers.get('etag')).toBe(saved.headers.get('etag'));
    const stale = { ...yaml, 'If-Match': headers.get('etag') ?? '' };
    expect((await api.call('PATCH', `${path}?replace=true`, { body: YAML, headers: stale })).status).toBe(412);
  });

  it('is restored by a rollback, with the current group', async () => {
    const { body } = await create(YAML, yaml);
    const path = `${BASE}/automations/${String(body.id)}`;
    await api.call('PATCH', path, { body: { actions: [{ delay: { seconds: 1 } }], group: 'days' } });
    await api.call('PATCH', path, { body: { description: 'third' } });
    const rolled = await api.call('POST', `${path}/versions/1/rollback`, accept);
    expect(rolled.text).toBe(YAML.replace('on-call', 'days'));
    expect((await api.call('GET', path, accept)).text).toBe(YAML.replace('on-call', 'days'));
  });

  it('shows the current status if it contains a status, and is otherwise unchanged', async () => {
    const { body } = await create(`${YAML}status: disabled # until Monday\n`, yaml);
    const path = `${BASE}/automations/${String(body.id)}`;
    expect((await api.call('GET', path, accept)).text).toBe(`${YAML}status: disabled # until Monday\n`);
    await api.call('POST', `${path}/enable`);
    expect((await api.call('GET', path, accept)).text).toBe(`${YAML}status: enabled # until Monday\n`);
  });

  it('is refused with the position of the error if it is malformed', async () => {
    const answer = await create('name: a\n  b: [', { 'Content-Type': 'application/yaml' });
    expect([answer.status, answer.body.code]).toEqual([400, 'malformed_body']);
    expect(answer.body.errors).toContainEqual(expect.objectContaining({ code: 'yaml_syntax', line: 2 }));
  });

  it('is refused with the line of every finding if it is invalid', async () => {
    const answer = await create(YAML.replace('message: hi', 'mesage: hi'), { 'Content-Type': 'application/yaml' });
    expect(answer.status).toBe(422);
    const lines = (answer.body.errors as { line?: number }[]).map(({ line }) => line);
    expect(new Set(lines)).toEqual(new Set([8]));
  });
});

describe('validate', () => {
  const validate = (body: unknown, type = 'application/json') =>
    api.call('POST', `${BASE}/automations/validate`, { body, headers: { 'Content-Type': type } });

  it.each([
    ['application/json', '{"name": "a",', 'malformed_body'],
    ['application/json', `${'['.repeat(200)}${']'.repeat(200)}`, 'limit_exceeded'],
    ['application/json', '', 'invalid_type'],
    ['application/yaml', 'name: a\n  b: [', 'yaml_syntax'],
    ['application/yaml', '', 'required'],
  ])('responds with 200 even if the text cannot be parsed: %s %j', async (type, text, code) => {
    const answer = await validate(text, type);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      valid: false,
      errors: expect.arrayContaining([expect.objectContaining({ code })]),
    });
  });

  it.each(['', 'text/plain', 'application/octet-stream'])('reads content of type %j as YAML', async (type) => {
    expect((await validate(new TextEncoder().encode(YAML), type)).body).toMatchObject({ valid: true, errors: [] });
    const wrong = await validate(new TextEncoder().encode('{"name": 1}'), type);
    expect([wrong.status, wrong.body.valid]).toEqual([200, false]);
  });

  it('responds with 200 and lists the errors that a save would report, with positions for YAML', async () => {
    expect((await validate(document('Fine', { status: 'disabled' }))).body).toEqual({
      valid: true,
      errors: [],
      warnings: [],
    });
    const wrong = await validate(YAML.replace('system_degraded', 'system_degradet'), 'application/yaml');
    expect(wrong.status).toBe(200);
    expect(wrong.body).toMatchObject({ valid: false, errors: [{ path: 'triggers[0].event', line: 5 }] });
    const twice = await validate(`${YAML.replace('message: hi', 'mesage: hi')}name: again\nstatus: on\n`, 'text/yaml');
    const found = (twice.body.errors as { path: string; code: string }[]).map(({ path, code }) => `${path} ${code}`);
    expect(found).toEqual(
      expect.arrayContaining(['actions[0].config.mesage unknown_key', 'name duplicate_key', 'status invalid_value']),
    );
    const broken = await validate('a: [', 'application/yaml');
    expect([broken.status, broken.body.valid]).toEqual([200, false]);
    expect((await validate(YAML + 'status: enabled\n', 'application/yaml')).body.valid).toBe(true);
    expect((await validate('[]', 'application/json')).body).toMatchObject({ valid: false });
  });

  it('reports the same findings as a refused save; those for JSON have a path but no position', async () => {
    const wrong = {
      ...document('Wrong', { status: 'on', conditons: [], mode: 'paralel' }),
      conditions: ['{{ trigger.id }} == 1'],
      variables: { big: 2 ** 60 },
    };
    const reported = (await validate(wrong)).body;
    const saved = await create(wrong);
    expect([saved.status, saved.body.errors]).toEqual([422, reported.errors]);
    const errors = reported.errors as { path: string; code: string; line?: number }[];
    expect(errors.map(({ path, code }) => `${path} ${code}`).sort()).toEqual([
      'conditions[0] stray_braces',
      'conditons unknown_key',
      'mode invalid_value',
      'status invalid_value',
      'variables.big invalid_number',
    ]);
    expect(errors.every(({ line }) => line === undefined)).toBe(true);
    const yaml = `\uFEFF${YAML}status: on\nmode: singel\n`.replace(/\n/g, '\r\n');
    const lines = YAML.split('\n').length;
    expect((await validate(yaml, 'application/yaml; charset=utf-8')).body.errors).toMatchObject([
      { path: 'status', line: lines, column: 9 },
      { path: 'mode', line: lines + 1, column: 7 },
    ]);
  });
});

describe('statuses, lists and groups', () => {
  it('filters by group, status and text, and returns each automation once, page by page', async () => {
    await Promise.all(['x1', 'x2', 'x3'].map((name) => create(document(`List ${name}`, { group: 'listed' }))));
    await create(document('List off', { status: 'disabled' }));
    const names = async (query: string) => {
      const items = (await api.call('GET', `${BASE}/automations?${query}`)).body.items as { name: string }[];
      return items.map(({ name }) => name).sort();
    };
    expect(await names('group=listed')).toEqual(['List x1', 'List x2', 'List x3']);
    expect(await names('q=list%20&status=disabled')).toEqual(['List off']);
    expect(await names('group=&q=list')).toEqual(['List off']);
    expect(await names('managedBy=gitops')).toEqual([]);
    const first = await api.call('GET', `${BASE}/automations?group=listed&limit=2`);
    const rest = await api.call('GET', `${BASE}/automations?group=listed&cursor=${String(first.body.nextCursor)}`);
    const listed = [...(first.body.items as { name: string }[]), ...(rest.body.items as { name: string }[])];
    expect(listed.map(({ name }) => name).sort()).toEqual(['List x1', 'List x2', 'List x3']);
    expect(rest.body.nextCursor).toBeNull();
    expect((await api.call('GET', `${BASE}/automation-groups`)).body.items).toContain('listed');
  });

  it('disables an automation, and cancels its runs only with cancelRuns', async () => {
    const { body } = await create(document('Switch'));
    const path = `${BASE}/automations/${String(body.id)}`;
    const run = await api.call('POST', `${path}/runs`, { body: {} });
    expect((await api.call('POST', `${path}/disable`)).body.status).toBe('disabled');
    expect((await api.call('GET', `${BASE}/runs/${String(run.body.runId)}`)).body).toMatchObject({
      run: { status: 'pending' },
    });
    await api.call('POST', `${path}/disable?cancelRuns=true`);
    expect((await api.call('GET', `${BASE}/runs/${String(run.body.runId)}`)).body).toMatchObject({
      run: { status: 'cancelled' },
    });
    expect((await api.call('POST', `${path}/enable`)).body.status).toBe('enabled');
  });

  it('cancels the runs of a deleted automation, and keeps them', async () => {
    const { body } = await create(document('Deleted'));
    const run = await api.call('POST', `${BASE}/automations/${String(body.id)}/runs`);
    expect((await api.call('DELETE', `${BASE}/automations/${String(body.id)}`)).status).toBe(204);
    const history = await api.call('GET', `${BASE}/runs/${String(run.body.runId)}`);
    expect(history.body).toMatchObject({ run: { status: 'cancelled', automationName: 'Deleted' } });
  });
});

describe('manual runs', () => {
  it('are pending immediately, even if the automation is disabled, and have the given trigger and payload', async () => {
    const { body } = await create(document('Manually', { status: 'disabled' }));
    const started = await api.call('POST', `${BASE}/automations/${String(body.id)}/runs`, {
      body: {
        triggerId: 'healthcheck_system_degraded',
        payload: {
          ...{ systemId: 'shop', previousStatus: 'healthy', newStatus: 'degraded', healthyChecks: 0, totalChecks: 1 },
          timestamp: '2026-01-01T00:00:00Z',
        },
      },
    });
    expect(started.status).toBe(201);
    const detail = await api.call('GET', `${BASE}/runs/${String(started.body.runId)}`);
    expect(detail.body).toMatchObject({
      run: {
        ...{ automationName: 'Manually', status: 'pending', contextKey: 'shop', depth: 0, webUiUrl: null, version: 1 },
        ...{ triggerId: 'healthcheck_system_degraded', triggerEvent: 'healthcheck.system_degraded' },
      },
      ...{ steps: [], artifacts: [] },
    });
    expect((await api.call('GET', `${BASE}/automations/${String(body.id)}`)).body.lastTriggeredAt).not.toBeNull();
  });

  it('are refused if a run is in progress, if the trigger is unknown, or if skipConditions is false and a condition is false', async () => {
    const { body } = await create(document('Single', { conditions: ['false'] }));
    const path = `${BASE}/automations/${String(body.id)}/runs`;
    const codeOf = async (request: unknown) => (await api.call('POST', path, { body: request })).body.code;
    expect(await codeOf({ triggerId: 'nope' })).toBe('validation_failed');
    expect(await codeOf({ skipConditions: false })).toBe('condition');
    expect(await codeOf({})).toBeUndefined();
    const second = await api.call('POST', path, { body: {} });
    expect([second.status, second.body.code]).toEqual([409, 'already_running']);
  });

  it('are started once per Idempotency-Key, even by concurrent requests', async () => {
    const { body } = await create(document('Once', { mode: 'parallel' }));
    const path = `${BASE}/automations/${String(body.id)}/runs`;
    const call = (payload: unknown) =>
      api.call('POST', path, { body: { payload }, headers: { 'Idempotency-Key': 'same' } });
    const answers = await Promise.all([1, 2, 3, 4].map(() => call({ a: 1 })));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(answers.map((answer) => answer.body.runId)).size).toBe(1);
    expect(answers.filter((answer) => answer.headers.get('idempotency-replayed') === 'true')).toHaveLength(3);
    const other = await call({ a: 2 });
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    expect((await api.call('GET', `${BASE}/runs?automationId=${String(body.id)}`)).body.items).toHaveLength(1);
  });
});

it('lists the automations that read an entity', async () => {
  const named = await create(document('Named', { conditions: ['health.systems["shop-9"].status == "healthy"'] }));
  const own = await create(document('Own', { conditions: ['!health.system.in_maintenance'] }));
  const { items } = (await api.call('GET', `${BASE}/entities/health/shop-9/automations`)).body;
  expect(items).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ id: named.body.id, looksAt: 'id' }),
      expect.objectContaining({ id: own.body.id, looksAt: 'system_of_run' }),
    ]),
  );
  const other = (await api.call('GET', `${BASE}/entities/health/other/automations`)).body.items as { id: string }[];
  expect(other.map(({ id }) => id)).not.toContain(named.body.id);
});
