import { Definition } from '../../src/domain/definition/schema';
import { testPlugins } from '../support/plugins';
import { ADMIN_TOKEN, BASE, startApiHarness, type ApiHarness } from './api-harness';

let api: ApiHarness;
beforeAll(async () => {
  api = await startApiHarness({ publicUrl: 'https://fermata.example.com' });
});
afterAll(() => api.end());

type Counts = Record<'pending' | 'running' | 'waiting', number>;

const signIn = async (token: string) => {
  const answer = await api.call('POST', `${BASE}/session`, { token: null, body: { token } });
  const setCookie = answer.headers.get('set-cookie') ?? '';
  const Cookie = setCookie.split(';', 1)[0] ?? '';
  return { answer, setCookie, Cookie, csrf: String(answer.body.csrfToken) };
};
const newToken = async (name: string, ...roles: string[]) => {
  const { body } = await api.call('POST', `${BASE}/tokens`, { body: { name, roles } });
  return { id: String(body.id), token: String(body.token) };
};
const log = (message: unknown) => ({ action: 'automation.log', config: { message: String(message) } });
const automation = (name: string, extra: Record<string, unknown> = {}) => ({
  name,
  triggers: [{ event: 'healthcheck.system_degraded' }],
  actions: [log(1)],
  ...extra,
});

describe('sessions', () => {
  it('start with a token, and use a cookie that scripts cannot read and other sites cannot send', async () => {
    const { token, id } = await newToken('ops', 'operator');
    const { answer, setCookie, Cookie } = await signIn(token);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ name: 'ops', roles: ['operator'], csrfToken: expect.any(String) });
    expect(setCookie).toMatch(/^fermata_session=[^;]+; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict; Secure$/);
    const again = await api.call('GET', `${BASE}/session`, { token: null, headers: { Cookie } });
    expect(again.body).toEqual(answer.body);
    const listed = (await api.call('GET', `${BASE}/tokens`)).body.items as { id: string; kind: string }[];
    expect(listed.find((each) => each.id === answer.body.id)).toMatchObject({ kind: 'session', name: 'ops' });
    expect(listed.find((each) => each.id === id)).toMatchObject({ kind: 'token' });
  });

  it('require the CSRF token for every call except GET and HEAD', async () => {
    const { Cookie, csrf } = await signIn((await newToken('csrf', 'operator')).token);
    const post = (headers: Record<string, string>) =>
      api.call('POST', `${BASE}/automations`, { token: null, body: automation('by cookie'), headers });
    expect(await post({ Cookie })).toMatchObject({ status: 403, body: { code: 'csrf' } });
    expect(await post({ Cookie, 'X-Fermata-CSRF': 'x'.repeat(43) })).toMatchObject({ status: 403 });
    expect(await post({ Cookie, 'X-Fermata-CSRF': csrf })).toMatchObject({ status: 201 });
    expect((await api.call('GET', `${BASE}/runs`, { token: null, headers: { Cookie } })).status).toBe(200);
  });

  it('are ignored if there is a bearer token, and are not accepted as bearer tokens', async () => {
    const { Cookie } = await signIn((await newToken('view', 'viewer')).token);
    const both = await api.call('POST', `${BASE}/automations`, { body: automation('by bearer'), headers: { Cookie } });
    expect(both.status).toBe(201);
    const wrong = await api.call('GET', `${BASE}/runs`, { token: 'wrong', headers: { Cookie } });
    expect(wrong.status).toBe(401);
    const secret = Cookie.slice('fermata_session='.length);
    expect((await api.call('GET', `${BASE}/runs`, { token: secret })).status).toBe(401);
  });

  it('end on sign-out, and when they or their tokens are revoked', async () => {
    const made = await newToken('gone', 'viewer');
    const runs = async (Cookie: string) =>
      (await api.call('GET', `${BASE}/runs`, { token: null, headers: { Cookie } })).status;
    const first = await signIn(made.token);
    const headers = { Cookie: first.Cookie, 'X-Fermata-CSRF': first.csrf };
    const out = await api.call('DELETE', `${BASE}/session`, { token: null, headers });
    expect([out.status, await runs(first.Cookie)]).toEqual([204, 401]);
    expect(out.headers.get('set-cookie')).toContain('Max-Age=0');
    const second = await signIn(made.token);
    expect(await runs(second.Cookie)).toBe(200);
    await api.call('DELETE', `${BASE}/tokens/${String(second.answer.body.id)}`);
    expect(await runs(second.Cookie)).toBe(401);
    const third = await signIn(made.token);
    await api.call('DELETE', `${BASE}/tokens/${made.id}`);
    expect(await runs(third.Cookie)).toBe(401);
    const listed = (await api.call('GET', `${BASE}/tokens?limit=200`)).body.items as { name: string }[];
    expect(listed.filter(({ name }) => name === 'gone')).toEqual([]);
  });

  it('can be started once with a link, until the link expires', async () => {
    const link = await api.call('POST', `${BASE}/session/links`);
    expect(link.body).toMatchObject({ path: expect.stringMatching(/^\/console\/sign-in#code=fml_/) });
    const code = String(link.body.code);
    expect((await api.call('GET', `${BASE}/runs`, { token: code })).status).toBe(401);
    expect((await signIn(code)).answer).toMatchObject({ status: 201, body: { name: 'admin', roles: ['admin'] } });
    expect((await signIn(code)).answer.status).toBe(401);
    const late = await api.call('POST', `${BASE}/session/links`);
    await api.rows(
      "update sessions set expires_at = now() - interval '1 s' where kind = 'link' and revoked_at is null",
    );
    expect((await signIn(String(late.body.code))).answer.status).toBe(401);
  });

  it('are refused with 401 for a wrong token, which is audited, and with 429 after ten attempts per minute and address', async () => {
    const own = await startApiHarness();
    const guess = () => own.call('POST', `${BASE}/session`, { token: null, body: { token: 'wrong' } });
    const statuses: number[] = [];
    for (let i = 0; i < 11; i += 1) statuses.push((await guess()).status);
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429]);
    const blocked = await own.call('POST', `${BASE}/session`, { token: null, body: { token: ADMIN_TOKEN } });
    expect(blocked.status).toBe(429);
    const audit = await own.rows<{ count: string }>(
      "select count(*) from audit_log where action = 'session.create' and outcome = 'refused'",
    );
    expect(Number(audit[0]?.count)).toBeGreaterThanOrEqual(10);
    await own.end();
  });
});

describe('runs', () => {
  let automationId: string;
  let runId: string;
  beforeAll(async () => {
    automationId = String((await api.call('POST', `${BASE}/automations`, { body: automation('many steps') })).body.id);
    const started = await api.call('POST', `${BASE}/automations/${automationId}/runs`, { body: {} });
    runId = String(started.body.runId);
    await api.rows(
      `insert into run_steps (run_id, path, kind, status, began_seq)
       select $1, case when i = 0 then 'actions[0]' else 'actions[0].repeat[' || i || ']' end, 'variables', 'success', 1000 + i
       from generate_series(0, 600) i`,
      [runId],
    );
  });

  it('contain the first 500 steps, and all steps page by page in order of execution', async () => {
    const detail = await api.call('GET', `${BASE}/runs/${runId}`);
    expect(detail.body).toMatchObject({ stepsTruncated: true });
    expect(detail.body.steps).toHaveLength(500);
    const paths: string[] = [];
    let cursor = '';
    do {
      const { body } = await api.call('GET', `${BASE}/runs/${runId}/steps?limit=200${cursor}`);
      paths.push(...(body.items as { path: string }[]).map(({ path }) => path));
      cursor = body.nextCursor === null ? '' : `&cursor=${String(body.nextCursor)}`;
    } while (cursor !== '');
    expect(paths).toEqual(['actions[0]', ...Array.from({ length: 600 }, (_, i) => `actions[0].repeat[${i + 1}]`)]);
    const one = await api.call('GET', `${BASE}/runs/${runId}/steps?path=${encodeURIComponent('actions[0].repeat[1]')}`);
    expect(one.body.items).toMatchObject([{ path: 'actions[0].repeat[1]' }]);
  });

  it('are counted by status under the same filters, except the filter by status', async () => {
    const { body } = await api.call('GET', `${BASE}/runs?counts=true&automationId=${automationId}&status=failed`);
    expect(body.items).toEqual([]);
    const zero = { running: 0, waiting: 0, success: 0, failed: 0, cancelled: 0 };
    expect(body.counts).toEqual({ ...zero, pending: 1 });
    expect(body.countsAtLeast).toEqual([]);
    expect((await api.call('GET', `${BASE}/runs`)).body.counts).toBeUndefined();
  });

  it('are counted by outcome and time, with empty buckets included', async () => {
    await api.rows(
      `update runs set status = 'success', started_at = '2026-01-01T10:00:00Z', finished_at = '2026-01-01T10:00:02Z'
       where id = $1`,
      [runId],
    );
    const range = 'from=2026-01-01T09:30:00Z&to=2026-01-01T12:00:00Z&bucket=hour';
    for (const path of ['/stats', `/automations/${automationId}/stats`]) {
      const { body } = await api.call('GET', `${BASE}${path}?${range}`);
      const filter = path === '/stats' ? '' : `&automationId=${automationId}`;
      const { counts } = (await api.call('GET', `${BASE}/runs?counts=true${filter}`)).body as { counts: Counts };
      const open = counts.pending + counts.running + counts.waiting;
      const empty = { success: 0, failed: 0, cancelled: 0, p50Ms: null, p95Ms: null };
      expect(body).toEqual({
        ...{ from: '2026-01-01T09:30:00.000Z', to: '2026-01-01T12:00:00.000Z', bucket: 'hour', total: 1, open },
        buckets: [
          { at: '2026-01-01T09:00:00.000Z', ...empty },
          { at: '2026-01-01T10:00:00.000Z', ...empty, success: 1, p50Ms: 2000, p95Ms: 2000 },
          { at: '2026-01-01T11:00:00.000Z', ...empty },
        ],
      });
    }
    const tooMany = await api.call(
      'GET',
      `${BASE}/stats?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&bucket=minute`,
    );
    expect(tooMany.status).toBe(422);
    expect((await api.call('GET', `${BASE}/stats?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z`)).status).toBe(422);
    for (const path of ['/stats', `/automations/${automationId}/stats`]) {
      for (const [query, length] of [
        ['', 25],
        ['?bucket=minute', 181],
        ['?bucket=day', 31],
      ] as const) {
        expect((await api.call('GET', `${BASE}${path}${query}`)).body.buckets).toHaveLength(length);
      }
    }
  });
});

it('counts runs at each step of a version; all passes of a loop count once', async () => {
  const { body } = await api.call('POST', `${BASE}/automations`, { body: automation('counted') });
  const id = String(body.id);
  for (const status of ['success', 'failed']) {
    const run = (await api.call('POST', `${BASE}/automations/${id}/runs`, { body: {} })).body.runId;
    await api.rows(`update runs set status = $2, started_at = now(), finished_at = now() where id = $1`, [run, status]);
    const steps = [
      ['actions[0]', 'success'],
      ['actions[1].repeat[0].sequence[0]', 'success'],
      ['actions[1].repeat[1].sequence[0]', status],
      ['actions[2]', 'skipped'],
    ];
    for (const [path, outcome] of steps)
      await api.rows(`insert into run_steps (run_id, path, kind, status) values ($1, $2, 'action', $3)`, [
        run,
        path,
        outcome,
      ]);
  }
  const stats = (query = '') => api.call('GET', `${BASE}/automations/${id}/step-stats${query}`);
  const counted = (await stats()).body;
  expect(counted).toMatchObject({ version: 1, runs: 2 });
  expect(counted['places']).toHaveLength(2);
  expect(counted['places']).toEqual(
    expect.arrayContaining([
      { place: 'actions[0]', reached: 2, failed: 0 },
      { place: 'actions[1].repeat.sequence[0]', reached: 2, failed: 1 },
    ]),
  );
  expect((await stats('?version=2')).body).toMatchObject({ runs: 0, places: [] });
  expect((await stats('?to=2026-01-01T00:00:00Z')).body).toMatchObject({ runs: 0, places: [] });
  expect((await stats('?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z')).status).toBe(422);
});

it('lists the plugins of the API and of live workers, with what they provide', async () => {
  await api.rows(
    `insert into workers (id, host, pid, expires_at, knows) values
      (gen_random_uuid(), 'a', 1, now() + interval '1 minute', '{plugin:incident,plugin:weather,trigger:incident.created}'),
      (gen_random_uuid(), 'b', 1, now() + interval '1 minute', '{plugin:incident}'),
      (gen_random_uuid(), 'c', 1, now() - interval '1 minute', '{plugin:weather}'),
      (gen_random_uuid(), 'd', 1, now() + interval '1 minute', null)`,
  );
  const items = (await api.call('GET', `${BASE}/plugins`)).body['items'] as Record<string, unknown>[];
  const plugin = (id: string) => items.find((item) => item['id'] === id);
  expect(plugin('incident')).toMatchObject({
    ...{ external: false, entityKinds: ['incident'], workers: 2, workersWithout: 0 },
    triggers: expect.arrayContaining(['incident.created']),
    actions: expect.arrayContaining(['incident.create']),
  });
  expect(plugin('integration-jira')).toMatchObject({ connectionTypes: ['jira'], workers: 0, workersWithout: 2 });
  expect(plugin('weather')).toMatchObject({ external: null, triggers: [], workers: 1, workersWithout: 1 });
  await api.rows('delete from workers');
});

describe('automations', () => {
  it('are reported on the stream when they are created, updated, enabled, disabled or deleted', async () => {
    const abort = new AbortController();
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Last-Event-ID': '0' };
    const response = await fetch(`${api.url}${BASE}/stream`, { headers, signal: abort.signal });
    const { body } = await api.call('POST', `${BASE}/automations`, { body: automation('watched') });
    const path = `${BASE}/automations/${String(body.id)}`;
    await api.call('PATCH', path, { body: { description: 'new' } });
    await api.call('POST', `${path}/disable`);
    await api.call('POST', `${path}/enable`);
    await api.call('DELETE', path);
    let text = '';
    const found = () =>
      [...text.matchAll(/event: automation\ndata: (.*)\n/g)]
        .map((match) => JSON.parse(match[1] ?? '') as { id: string; version: number; change: string })
        .filter(({ id }) => id === body.id);
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString();
      if (found().length >= 5) break;
    }
    abort.abort();
    expect(found().map(({ version, change }) => [version, change])).toEqual([
      [1, 'created'],
      [2, 'updated'],
      [2, 'disabled'],
      [2, 'enabled'],
      [2, 'deleted'],
    ]);
  });

  it('show the source, file and commit that they come from', async () => {
    const document = (path?: string) => ({
      apiVersion: 'fermata/v1',
      kind: 'Automation',
      metadata: { name: 'from-git', ...(path === undefined ? {} : { annotations: { path } }) },
      spec: { triggers: [{ event: 'healthcheck.system_degraded' }], actions: [log(1)] },
    });
    const apply = (query: string, path?: string) =>
      api.call('POST', `${BASE}/gitops/apply?source=ops&${query}`, { body: document(path) });
    const results = (await apply('commit=abc', 'a/b.yaml')).body.results as { id: string; action: string }[];
    const id = results[0]?.id ?? '';
    const provenance = async () => (await api.call('GET', `${BASE}/automations/${id}`)).body.provenance;
    expect(await provenance()).toEqual({ source: 'ops', path: 'a/b.yaml', commit: 'abc' });
    expect((await apply('commit=def', 'a/b.yaml')).body.results).toMatchObject([{ action: 'unchanged' }]);
    expect(await provenance()).toEqual({ source: 'ops', path: 'a/b.yaml', commit: 'def' });
    const own = await api.call('POST', `${BASE}/automations`, { body: automation('no git') });
    expect(own.body.provenance).toBeNull();
  });

  it('compare two versions as text and by path', async () => {
    const { body } = await api.call('POST', `${BASE}/automations`, { body: automation('versions') });
    const path = `${BASE}/automations/${String(body.id)}`;
    await api.call('PATCH', path, { body: { mode: 'parallel', actions: [log(2)] } });
    const diff = await api.call('GET', `${path}/versions/1/diff?to=2`);
    expect(diff.body).toMatchObject({ from: 1, to: 2 });
    expect(diff.body.unified).toContain('+mode: parallel');
    expect(diff.body.changes).toEqual(
      expect.arrayContaining([
        { path: 'mode', before: 'single', after: 'parallel' },
        { path: 'actions[0].config.message', before: '1', after: '2' },
      ]),
    );
    expect((await api.call('GET', `${path}/versions/1/diff?to=9`)).status).toBe(404);
    expect((await api.call('GET', `${path}/versions/2/diff`)).body).toMatchObject({ unified: '', changes: [] });
    expect(Definition.safeParse(body.definition).success).toBe(true);
  });
});

describe('data for editors', () => {
  it('includes a sample payload of every trigger, which the trigger accepts', async () => {
    const { body } = await api.call('GET', `${BASE}/triggers`);
    for (const { id } of body.items as { id: string }[]) {
      const sample = await api.call('GET', `${BASE}/triggers/${id}/sample`);
      expect([id, sample.status]).toEqual([id, 200]);
      const trigger = testPlugins().flatMap((plugin) =>
        (plugin.triggers ?? []).filter((each) => `${plugin.id}.${each.id}` === id),
      )[0];
      expect([id, trigger?.payloadSchema.safeParse(sample.body.payload).error?.issues]).toEqual([id, undefined]);
    }
    expect((await api.call('GET', `${BASE}/triggers/no.such/sample`)).status).toBe(404);
  });

  it('includes RFC 3339 instants in sample payloads', async () => {
    const { body } = await api.call('GET', `${BASE}/triggers`);
    for (const { id } of body.items as { id: string }[]) {
      const { text } = await api.call('GET', `${BASE}/triggers/${id}/sample`);
      expect([id, text.match(/"\w+At":\s*"(?!\d{4}-\d\d-\d\dT)[^"]*"/g)]).toEqual([id, null]);
    }
  });

  it('includes a sample state of every kind, built-in or custom, which the kind accepts', async () => {
    const schema = {
      type: 'object',
      additionalProperties: false,
      required: ['version', 'owner', 'stage'],
      properties: {
        version: { type: 'string', pattern: '^v\\d+\\.\\d+$' },
        owner: { type: 'string', format: 'email' },
        stage: { enum: ['green', 'blue'] },
        hosts: { type: 'array', minItems: 2, uniqueItems: true, items: { type: 'string' } },
        rolledOutAt: { type: 'string' },
      },
    };
    await api.call('PUT', `${BASE}/entity-kinds/rollout`, { body: { schema } });
    const made = await api.call('GET', `${BASE}/entity-kinds/rollout/sample`);
    expect(made.body).toEqual({
      state: {
        ...{ version: 'v1.1', owner: 'someone@example.com', stage: 'green', hosts: ['example', 'example2'] },
        rolledOutAt: '2026-01-01T12:00:00.000Z',
      },
    });
    expect((await api.call('PUT', `${BASE}/entities/rollout/sample`, { body: made.body.state })).status).toBeLessThan(
      300,
    );
    const { body } = await api.call('GET', `${BASE}/entity-kinds`);
    for (const { kind, source } of body.items as { kind: string; source: string }[]) {
      const { state } = (await api.call('GET', `${BASE}/entity-kinds/${kind}/sample`)).body;
      if (source === 'custom') continue;
      const described = testPlugins()
        .flatMap((plugin) => plugin.entityKinds ?? [])
        .find((each) => each.kind === kind);
      expect([kind, described?.schema.safeParse(state).error?.issues]).toEqual([kind, undefined]);
    }
    expect((await api.call('GET', `${BASE}/entity-kinds/nothing/sample`)).status).toBe(404);
  });

  it('includes the health of several systems at once, without systems that do not exist', async () => {
    for (const id of ['a', 'b']) await api.call('POST', `${BASE}/systems`, { body: { id, name: id } });
    const { body } = await api.call('GET', `${BASE}/health?systemIds=b,nope,a`);
    expect(body).toMatchObject({ items: [{ systemId: 'b' }, { systemId: 'a' }], nextCursor: null });
  });
});

describe('POST /connections/test', () => {
  it('tests a submitted configuration and stores nothing; stored secrets are used only for their own address', async () => {
    const config = { baseUrl: 'http://127.0.0.1:9', email: 'a@example.com', apiToken: 'secret-token' };
    const test = (body: Record<string, unknown>) => api.call('POST', `${BASE}/connections/test`, { body });
    const direct = await test({ type: 'jira', config });
    expect(direct).toMatchObject({ status: 200, body: { ok: false, message: expect.any(String) } });
    expect(direct.text).not.toContain('secret-token');
    expect((await api.call('GET', `${BASE}/connections`)).body.items).toEqual([]);
    const saved = await api.call('POST', `${BASE}/connections`, { body: { name: 'jira', type: 'jira', config } });
    expect(saved.status).toBe(201);
    const { apiToken: _left, ...rest } = config;
    const connectionId = saved.body.id;
    expect((await test({ type: 'jira', config: rest, connectionId })).status).toBe(200);
    const moved = await test({ type: 'jira', config: { ...rest, baseUrl: 'http://127.0.0.1:10' }, connectionId });
    expect(moved.status).toBe(422);
    const operator = await api.token('operator');
    const refused = await api.call('POST', `${BASE}/connections/test`, {
      token: operator,
      body: { type: 'jira', config },
    });
    expect(refused.status).toBe(403);
  });
});
