import { request as httpRequest } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { migrate } from '../../src/db/migrate';
import { createLogger } from '../../src/log';
import { startPostgres } from '../support/services';
import { ADMIN_TOKEN, BASE, startApiHarness, type Answer, type ApiHarness } from './api-harness';

const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('bad input', () => {
  let api: ApiHarness;
  beforeAll(async () => {
    api = await startApiHarness();
  });
  afterAll(() => api.end());

  const post = (path: string, body: unknown, headers: Record<string, string> = JSON_TYPE) =>
    api.call('POST', `${BASE}${path}`, { body, headers });

  it.each([
    ['{"a": 1,}', 1, 9],
    ['{\n  "a": [1 2]\n}', 2, 11],
    ['{"a": "b', 1, 7],
    ['', 1, 1],
    ['nul', 1, 1],
    ['{"a": 01}', 1, 8],
    ['[1] x', 1, 5],
    ['{"a" 1}', 1, 6],
    ['{"a": "tab\there"}', 1, 7],
  ])('reports the line and column of the error in malformed JSON: %j', async (text, line, column) => {
    const answer = await post('/systems', text === '' ? ' ' : text);
    expect([answer.status, answer.body.code]).toEqual([400, 'malformed_body']);
    expect(answer.body.errors).toMatchObject([{ line, column: text === '' ? 2 : column }]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  it('refuses bytes that are not UTF-8 as malformed', async () => {
    const answer = await post('/systems', Uint8Array.from([0x22, 0xff, 0x22]));
    expect([answer.status, answer.body.code]).toEqual([400, 'malformed_body']);
  });

  it.each([
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['application/yaml', 415],
    ['application/json; charset=latin1', 415],
    ['application/merge-patch+json', 201],
    ['Application/JSON; charset="UTF-8"', 201],
  ])('responds to a body of type %s with %d', async (type, status) => {
    const answer = await post('/systems', '{"name": "typed"}', { 'Content-Type': type });
    expect(answer.status).toBe(status);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('decompresses a body with Content-Encoding %s', async (encoding, compress) => {
    const send = (bytes: Uint8Array) =>
      fetch(`${api.url}${BASE}/systems`, {
        method: 'POST',
        headers: { ...JSON_TYPE, Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Encoding': encoding },
        body: bytes,
      });
    expect((await send(compress(`{"name": "${encoding}"}`))).status).toBe(201);
    const bomb = await send(compress(`{"name": "${'x'.repeat(20_000_000)}"}`));
    expect([bomb.status, ((await bomb.json()) as { code: string }).code]).toEqual([413, 'body_too_large']);
    expect((await send(Buffer.from('{"name": "plain"}'))).status).toBe(400);
    expect((await send(compress(`{"name": "${encoding}"}`).subarray(0, 8))).status).toBe(400);
  });

  it('refuses unknown encodings', async () => {
    expect((await post('/systems', '{}', { ...JSON_TYPE, 'Content-Encoding': 'zstd' })).status).toBe(415);
  });

  it('accepts bodies of more than 1 MB on inbound routes, and refuses more than 16 MB', async () => {
    const event = { specversion: '1.0', id: 'large', source: 's', type: 't', data: 'x'.repeat(900_000) };
    const batch = JSON.stringify(Array.from({ length: 3 }, (_, n) => ({ ...event, id: `large-${n}` })));
    expect((await post('/events', batch)).body.accepted).toBe(3);
    expect((await post('/events', `"${'x'.repeat(16_777_216)}"`)).status).toBe(413);
  });

  it('refuses more than 1 MB on other routes, with or without Content-Length, and continues to serve requests', async () => {
    const answer = await post('/systems', JSON.stringify({ name: 'x'.repeat(1_048_577) }));
    expect([answer.status, answer.body.code]).toEqual([413, 'body_too_large']);
    expect(await chunked(`${api.url}${BASE}/systems`, 40, 65_536)).toBe(413);
    expect((await post('/systems', '{"name": "after"}')).status).toBe(201);
  });

  it('accepts the longest percent-encoded parameter, and returns 431 if the address and headers are larger', async () => {
    const cursor = encodeURIComponent('\u{1f642}'.repeat(1_000));
    const longest = await api.call('GET', `${BASE}/systems?cursor=${cursor}`);
    expect([longest.status, longest.body.code]).toEqual([400, 'bad_request']);
    const larger = await api.call('GET', `${BASE}/systems?q=${'x'.repeat(70_000)}`);
    expect([larger.status, larger.body.code]).toEqual([431, 'headers_too_large']);
    expect(larger.headers.get('content-type')).toBe('application/problem+json');
    expect((await api.call('GET', `${BASE}/systems?limit=1`)).status).toBe(200);
  });

  it('refuses a latency that would overflow the averages of its system', async () => {
    const result = { systemId: 'huge', configurationId: 'c', status: 'healthy', latencyMs: 1e308 };
    const answer = await post('/health/results', JSON.stringify(result));
    expect([answer.status, answer.body.errors]).toMatchObject([422, [{ path: 'latencyMs' }]]);
    await post('/health/results', JSON.stringify({ ...result, latencyMs: 1e12 }));
    await post('/health/results', JSON.stringify({ ...result, configurationId: 'd', latencyMs: 1e12 }));
    expect((await api.call('GET', `${BASE}/health/huge`)).body).toMatchObject({ avgLatencyMs: 1e12 });
  });

  it.each(['0000-04-10T20:00:00Z', '0001-01-01T00:00:00+23:59', '9999-12-31T23:59:59-23:59'])(
    'refuses the instant %s, which cannot be stored, in every field',
    async (at) => {
      const event = { specversion: '1.0', id: at, source: 's', type: 't', time: at };
      const result = { systemId: 'dated', configurationId: 'c', status: 'healthy', timestamp: at };
      const planned = { title: 't', systemIds: ['dated'], startAt: at, endAt: at };
      const instant = encodeURIComponent(at);
      const answers = [
        await post('/events', JSON.stringify(event)),
        await post('/health/results', JSON.stringify(result)),
        await post('/maintenances', JSON.stringify(planned)),
        await post('/tokens', JSON.stringify({ name: 'n', roles: ['viewer'], expiresAt: at })),
        await post('/runs/cancel', JSON.stringify({ from: at })),
        await post('/templates/render', JSON.stringify({ template: '{{ now }}', now: at })),
        await api.call('GET', `${BASE}/runs?from=${instant}`),
        await api.call('GET', `${BASE}/audit?to=${instant}`),
      ];
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 422));
    },
  );

  it('refuses text that cannot be stored, in values, keys, paths and queries', async () => {
    const codes = [
      await post('/systems', '{"name": "a\\u0000b"}'),
      await post('/systems', '{"name": "\\ud800"}'),
      await post('/systems', '{"name": "ok", "metadata": {"a": [{"\\udc00": 1}]}}'),
      await api.call('GET', `${BASE}/systems/a%00b`),
      await api.call('GET', `${BASE}/runs?q=a%00b`),
      await api.call('POST', `${BASE}/automations`, {
        body: 'name: "a\\0b"',
        headers: { 'Content-Type': 'application/yaml' },
      }),
    ].map((answer: Answer) => [answer.status, answer.body.code]);
    expect(codes).toEqual(codes.map(() => [422, 'invalid_text']));
  });

  it('replaces text in events that cannot be stored with U+FFFD', async () => {
    const text = '{"specversion":"1.0","id":"n","source":"s","type":"t","data":{"x":"a\\u0000b","\\ud800":"\\udc00"}}';
    const answer = await post('/events', text);
    expect(answer.status).toBe(202);
    const [row] = await api.rows<{ data: unknown }>(
      `select payload -> 'data' as data from changes where change_id = $1`,
      [(answer.body.changeIds as string[])[0]],
    );
    expect(row?.data).toEqual({ x: 'a\ufffdb', '\ufffd': '\ufffd' });
  });

  it('keeps the digits of integers beyond 2^53', async () => {
    const made = await post('/systems', '{"name": "digits", "metadata": {"id": 8202522731445525542}}');
    expect(made.body.metadata).toEqual({ id: '8202522731445525542' });
  });

  it('refuses numbers that overflow and nesting that is too deep', async () => {
    expect((await post('/systems', '{"name": "x", "metadata": {"n": 1e400}}')).status).toBe(422);
    const deep = `{"name": "x", "metadata": ${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`;
    expect((await post('/systems', deep)).body.code).toBe('limit_exceeded');
  });

  it('reports every unknown key and wrong type', async () => {
    const answer = await post('/systems', '{"name": 7, "colour": 1, "__proto__": {"x": 1}}');
    expect(answer.status).toBe(422);
    const places = (answer.body.errors as { path: string; code: string }[]).map(({ path, code }) => `${path} ${code}`);
    expect(places).toEqual(expect.arrayContaining(['name invalid_type', 'colour unknown_key']));
  });

  it('treats malicious keys as plain data', async () => {
    const metadata = '{"__proto__": {"polluted": true}, "constructor": 1, "toString": "x"}';
    const made = await post('/systems', `{"id": "hostile", "name": "h", "metadata": ${metadata}}`);
    expect(made.status).toBe(201);
    // zod removes a `__proto__` key of a record.
    expect(Object.keys(made.body.metadata as object).sort()).toEqual(['constructor', 'toString']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect((await api.call('GET', `${BASE}/entities/constructor/x`)).status).toBe(404);
    expect((await api.call('GET', `${BASE}/entity-kinds/__proto__`)).status).toBe(405);
  });

  it.each([
    ['GET', '/runs/nope', 404, 'not_found'],
    ['GET', '/runs/00000000-0000-7000-8000-000000000000', 404, 'not_found'],
    ['GET', '/automations/nope', 404, 'not_found'],
    ['GET', '/incidents/nope', 404, 'not_found'],
    ['GET', '/systems/nope', 404, 'not_found'],
    ['GET', '/health/nope', 404, 'not_found'],
    ['GET', '/entities/nope/1', 404, 'not_found'],
    ['GET', '/nowhere', 404, 'not_found'],
    ['GET', '/runs?cursor=nope', 400, 'bad_request'],
    ['GET', '/automations?cursor=WyJ4Il0', 400, 'bad_request'],
    ['GET', '/runs?limit=0', 422, 'validation_failed'],
    ['GET', '/runs?limit=201', 422, 'validation_failed'],
    ['GET', '/runs?limit=ten', 422, 'validation_failed'],
    ['GET', '/runs?status=done', 422, 'validation_failed'],
    ['GET', '/runs?limit=1&limit=2', 422, 'validation_failed'],
    ['GET', '/systems/%E0%A4%A', 400, 'bad_request'],
    ['DELETE', '/runs', 405, 'method_not_allowed'],
    ['PUT', '/automations/validate', 405, 'method_not_allowed'],
  ])('%s %s is %d %s', async (method, path, status, code) => {
    const answer = await api.call(method, `${BASE}${path}`);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body).toMatchObject({
      status,
      type: `urn:fermata:problem:${code}`,
      title: expect.any(String) as string,
    });
    expect(answer.body).toHaveProperty('errors');
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/GET|POST/);
  });

  it('stores nothing of a batch with an invalid element, and returns the index of that element', async () => {
    const event = (id: string) => ({ specversion: '1.0', id, source: 'batch', type: 't' });
    const before = await api.rows('select 1 from changes');
    const answer = await post('/events', JSON.stringify([event('1'), { ...event('2'), type: 5 }]));
    expect(answer.status).toBe(422);
    expect(answer.body.index).toBe(1);
    const results = { results: [{ systemId: 'a', configurationId: 'b', status: 'healthy' }, { systemId: 'a' }] };
    expect((await post('/ingest/health', JSON.stringify(results))).body.index).toBe(1);
    expect(await api.rows('select 1 from changes')).toHaveLength(before.length);
  });

  it('returns the first response to a repeated event, recognised by source and id or by Idempotency-Key', async () => {
    const event = JSON.stringify({ specversion: '1.0', id: 'again', source: 's', type: 't' });
    const [first, second] = [await post('/events', event), await post('/ingest/cloudevents', event)];
    expect([second.status, second.body]).toEqual([202, first.body]);
    const keyed = { ...JSON_TYPE, 'Idempotency-Key': 'e1' };
    const named = (id: string) => JSON.stringify({ specversion: '1.0', id, source: 's', type: 't' });
    const kept = await post('/events', named('keyed'), keyed);
    expect([kept.status, (await post('/events', named('keyed'), keyed)).body]).toEqual([202, kept.body]);
    expect((await post('/events', named('other'), keyed)).body).toEqual(kept.body);
    const binary = (id: string) => {
      const attributes = { 'ce-specversion': '1.0', 'ce-id': id, 'ce-source': 's', 'ce-type': 't' };
      return post('/events', '{}', { ...JSON_TYPE, ...attributes, 'Idempotency-Key': 'e2' });
    };
    const binaries = [await binary('b1'), await binary('b1'), await binary('b2')];
    expect(binaries.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(new Set(binaries.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    const result = (status: string) => JSON.stringify({ systemId: 'rep', configurationId: 'c', status });
    const key = { ...JSON_TYPE, 'Idempotency-Key': 'h1' };
    const one = await post('/ingest/health', result('healthy'), key);
    const other = await post('/ingest/health', result('unhealthy'), key);
    expect([one.status, other.status, other.body]).toEqual([202, 202, one.body]);
    expect((await post('/ingest/health', result('healthy'), key)).body).toEqual(one.body);
    const ingest = await api.token('ingest');
    const stranger = await api.call('POST', `${BASE}/ingest/health`, {
      ...{
        token: ingest,
        headers: key,
        body: JSON.stringify({ systemId: 'rep2', configurationId: 'c', status: 'degraded' }),
      },
    });
    expect(stranger.status).toBe(202);
    expect(stranger.body.changeIds).not.toEqual(one.body.changeIds);
    expect((await api.call('GET', `${BASE}/health/rep`)).body.status).toBe('healthy');
  });
});

/** Returns the status of the response to a chunked request, which has no Content-Length. */
function chunked(url: string, chunks: number, size: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { Authorization: 'Bearer admin-token-for-tests', 'Content-Type': 'application/json' };
    const request = httpRequest(url, { method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject);
    for (let i = 0; i < chunks; i += 1) request.write(' '.repeat(size));
    request.end();
  });
}

describe('while Postgres is unavailable', () => {
  it('responds with 503 and Retry-After, accepts nothing, reports it in /readyz, and recovers on its own', async () => {
    const postgres = await startPostgres({ durable: true });
    await migrate(postgres.url(), { log: createLogger({ level: 'silent', name: 'test' }) });
    const api = await startApiHarness({}, { databaseUrl: postgres.url() });
    const event = (id: string) => ({ body: { specversion: '1.0', id, source: 's', type: 't' } });
    try {
      const viewer = await api.token('viewer');
      expect((await api.call('POST', `${BASE}/events`, event('before'))).status).toBe(202);
      await postgres.kill();
      const answers = [
        await api.call('POST', `${BASE}/events`, event('during')),
        await api.call('POST', `${BASE}/systems`, { body: { name: 'x' } }),
        await api.call('GET', `${BASE}/runs`),
        await api.call('GET', `${BASE}/runs`, { token: `${viewer}x` }),
      ];
      for (const { status, body, headers } of answers) {
        expect([status, body.code]).toEqual([503, 'database_unavailable']);
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
        expect(JSON.stringify(body)).not.toMatch(/ECONN|127\.0\.0\.1|select|insert/i);
      }
      const ready = await api.call('GET', '/readyz', { token: null });
      expect([ready.status, ready.body.checks]).toMatchObject([
        503,
        { postgres: { ok: false }, temporal: { ok: true } },
      ]);
      expect((await api.call('GET', '/healthz', { token: null })).status).toBe(200);
      await postgres.start();
      expect((await api.call('POST', `${BASE}/events`, event('during'))).status).toBe(202);
      const stored = await api.rows<{ id: string }>(`select payload->>'id' as id from changes where event is not null`);
      expect(stored).toHaveLength(2);
    } finally {
      await api.end();
      await postgres.destroy();
    }
  }, 180_000);
});

it('accepts events while Temporal is unavailable, and reports that in /readyz', async () => {
  const api = await startApiHarness({}, { checkTemporal: () => Promise.reject(new Error('connect ECONNREFUSED')) });
  try {
    const event = { specversion: '1.0', id: 'x', source: 's', type: 't' };
    expect((await api.call('POST', `${BASE}/events`, { body: event })).status).toBe(202);
    const ready = await api.call('GET', '/readyz', { token: null });
    expect(ready.status).toBe(200);
    expect((await api.call('GET', '/readyz?deep=true', { token: null })).status).toBe(503);
    expect(ready.body.checks).toMatchObject({ postgres: { ok: true }, temporal: { ok: false } });
    expect(ready.text).not.toContain('ECONNREFUSED');
  } finally {
    await api.end();
  }
});
