import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { secretForms } from '../../src/domain/secrets/secret-forms';
import { freePort } from '../../src/os/free-port';
import { startEngine, type Engine } from '../support/engine';
import { startFermata, type FermataProcess } from '../support/process';
import { until } from '../support/until';

/** Values that others would write in other ways; one is part of another, one is as short as can be. */
const CANARIES = {
  QUOTES: 'canary "quoted" \\slashed\\ {braces} %25 & more',
  LINES: '-----BEGIN CANARY-----\nMIICanaryLine+/=\nsecondCanaryLine\n-----END CANARY-----',
  UNICODE: 'cänäry-ключ-🔑-secret',
  SHORT: 'c4N!',
  PART: 'canary-partial',
  WHOLE: 'canary-partial-and-whole',
};

describe('secrets', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  let worker: FermataProcess;
  let metricsPort: number;
  const outputs: (() => string)[] = [];
  const answers: string[] = [];
  const startWorker = async () => {
    worker = await engine.worker({ LOG_LEVEL: 'debug', FERMATA_METRICS_PORT: String(metricsPort) });
    outputs.push(worker.output);
  };
  beforeAll(async () => {
    engine = await startEngine();
    metricsPort = await freePort();
    api = await engine.api({ LOG_LEVEL: 'debug' });
    outputs.push(api.output);
    await startWorker();
    for (const [name, value] of Object.entries(CANARIES)) await call('PUT', `/secrets/${name}`, { value });
  }, 120_000);
  beforeEach(() => {
    engine.receiver.received.splice(0);
    engine.receiver.answerWith((_received, response) => void response.end('ok'));
  });
  afterAll(() => engine.close());

  const request = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${api.url}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: engine.authorization },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    answers.push(text);
    return { status: answer.status, text };
  };
  const call = async (method: string, path: string, body?: unknown) => {
    const { status, text } = await request(method, path, body);
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`);
    return (text === '' ? null : JSON.parse(text)) as Record<string, unknown>;
  };
  const save = (type: string, steps: string) =>
    engine.save(`
name: ${type}
mode: parallel
max_runs: 100
triggers: [{ event: automation.event, config: { type: ${type} } }]
actions:
${steps}
`);
  const run = async (type: string, steps: string, data: Record<string, unknown> = {}) => {
    const id = await save(type, steps);
    await engine.emit(type, data);
    const [ended] = await engine.ended(1, id, 60_000);
    if (!ended) throw new Error('It did not run');
    return { run: ended, steps: await engine.steps(ended.id), detail: await call('GET', `/runs/${ended.id}`) };
  };
  const bearer = (name: string, more = '') =>
    `{ action: integration-webhook.send, config: { url: "$URL/x", authType: bearer, bearerToken: "\${{ secrets.${name} }}" ${more} } }`;

  test('go in and do not come out; short ones are warned of', async () => {
    const set = await call('PUT', '/secrets/TINY', { value: 'abc' });
    expect(set).toMatchObject({ name: 'TINY', hasValue: true, version: 1, warnings: [{ code: 'short_secret' }] });
    expect(await call('PUT', '/secrets/TINY', { value: 'abcdef' })).toMatchObject({ version: 2, warnings: [] });
    const { items } = (await call('GET', '/secrets?limit=200')) as { items: { name: string }[] };
    expect(items.map(({ name }) => name)).toEqual(expect.arrayContaining(['TINY', 'QUOTES']));
    expect(items.find(({ name }) => name === 'TINY')).toEqual({
      ...{ name: 'TINY', hasValue: true, version: 2 },
      updatedAt: expect.any(String) as string,
    });
    expect((await request('DELETE', '/secrets/TINY')).status).toBe(204);
    expect((await request('DELETE', '/secrets/TINY')).status).toBe(404);
    expect((await request('PUT', '/secrets/no%20name', { value: 'x' })).status).toBe(422);
  });

  test('reach the far end, and are hidden in what it repeats and in everything after', async () => {
    engine.receiver.answerWith(
      (received, response) => void response.end(`you sent ${String(received.headers['authorization'])}`),
    );
    const { run: ended, steps } = await run(
      'echo',
      `  - { id: send, ${bearer('WHOLE').slice(2)}
  - variables: { again: "{{ artifacts.send.delivery.responseBody }}", brought: "{{ trigger.payload.data.same }}" }
  - { action: automation.emit_event, config: { type: told, data: { text: "{{ trigger.payload.data.same }}" } } }
  - { action: incident.create, config: { title: "{{ trigger.payload.data.same }} is out", severity: minor, systemIds: [s1] } }`,
      { same: CANARIES.WHOLE },
    );
    expect(ended.status).toBe('success');
    expect(engine.receiver.received[0]?.headers['authorization']).toBe(`Bearer ${CANARIES.WHOLE}`);
    expect(steps[1]?.result).toEqual({ again: 'you sent Bearer ****', brought: '****' });
    const { rows } = await engine.database.pool.query<{ payload: { data: unknown } }>(
      `select payload from changes where event = 'automation.event' and payload ->> 'type' = 'told'`,
    );
    expect(rows[0]?.payload.data).toEqual({ text: '****' });
    const incidents = await engine.database.pool.query<{ title: string }>('select title from incidents');
    expect(incidents.rows.map(({ title }) => title)).toEqual(['**** is out']);
  }, 60_000);

  test('are replaced where the author wrote them, and not in what a payload brings', async () => {
    const { run: ended } = await run(
      'inject',
      `  - { action: integration-webhook.send, config: { url: "$URL/x", authType: bearer, bearerToken: "{{ trigger.payload.data.token }}", body: "\${{ secrets.WHOLE }}" } }`,
      { token: '${{ secrets.WHOLE }}' },
    );
    expect(ended.status).toBe('success');
    const [received] = engine.receiver.received;
    expect(received?.headers['authorization']).toBe('Bearer ${{ secrets.WHOLE }}');
    expect(received?.body).toBe('${{ secrets.WHOLE }}');
  }, 60_000);

  test('that are missing fail the step by name, without another try', async () => {
    const { run: ended, steps } = await run('missing', `  - ${bearer('NOT_THERE')}`);
    expect(ended).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('"NOT_THERE"') as string },
    });
    expect(steps[0]).toMatchObject({ attempts: 1 });
    const { warnings } = (await call('POST', '/automations/validate', {
      name: 'x',
      triggers: [{ event: 'automation.event', config: { type: 'x' } }],
      actions: [
        {
          action: 'integration-webhook.send',
          config: { url: 'https://x.example', authType: 'bearer', bearerToken: '${{ secrets.QUOTE }}' },
        },
        { action: 'integration-jira.add_comment', config: { connectionId: 'nope', issueKey: 'A-1', body: 'x' } },
      ],
    })) as { warnings: { code: string }[] };
    expect(warnings.map(({ code }) => code)).toEqual(expect.arrayContaining(['unknown_secret', 'unknown_connection']));
  }, 60_000);

  test('that a run has used stay hidden after a rotation, a deletion and at another worker', async () => {
    await call('PUT', '/secrets/TURNS', { value: 'canary-before-rotation' });
    const id = await save(
      'rotated',
      `  - ${bearer('TURNS')}
  - wait_for_trigger: { event: automation.event, config: { type: go }, context_key: "*" }
  - variables: { late: "{{ trigger.payload.data.old }} {{ wait.trigger.payload.data.old }}" }`,
    );
    await engine.emit('rotated', { old: 'canary-before-rotation' });
    await until('it waits', async () => (await engine.runs(id))[0]?.status === 'waiting', 20_000);
    await call('PUT', '/secrets/TURNS', { value: 'canary-after-rotation' });
    await call('DELETE', '/secrets/TURNS');
    await worker.stop('SIGKILL');
    await startWorker();
    await engine.emit('go', { old: 'canary-before-rotation' });
    const [ended] = await engine.ended(1, id, 40_000);
    const late = (await engine.steps(ended?.id ?? '')).find(({ path }) => path === 'actions[2]');
    expect(late?.result).toEqual({ late: '**** ****' });
    const left = await engine.database.pool.query('select 1 from run_secrets where run_id = $1', [ended?.id]);
    expect(left.rowCount).toBe(0);
  }, 90_000);

  test('are sealed anew by `fermata secret rotate`, and set, listed and removed by the command line', async () => {
    const cli = async (args: string[], input: string | null, more: Record<string, string> = {}) => {
      const env = engine.env({ FERMATA_URL: api.url, FERMATA_TOKEN: 'test-admin-token-0123456789', ...more });
      const child = startFermata(['secret', ...args], env, input ?? undefined);
      await until('the command has ended', () => child.exited(), 20_000);
      return child.output();
    };
    expect(await cli(['set', 'FROM_CLI'], 'canary-from-stdin\n')).toContain('version 1');
    expect(await cli(['list'], null)).toMatch(/FROM_CLI +1 /);
    const newest = randomBytes(32).toString('base64');
    const keys = `${newest},${engine.env()['FERMATA_SECRET_KEY'] ?? ''}`;
    expect(await cli(['rotate'], null, { FERMATA_SECRET_KEY: keys })).toMatch(/[1-9]\d* values/);
    expect(await cli(['rotate'], null, { FERMATA_SECRET_KEY: newest })).toContain('0 values');
    expect(
      await cli(['rotate'], null, { FERMATA_SECRET_KEY: `${engine.env()['FERMATA_SECRET_KEY'] ?? ''},${newest}` }),
    ).toMatch(/[1-9]/);
    expect(await cli(['rm', 'FROM_CLI'], null)).toContain('deleted');
  }, 90_000);

  test('leave no trace anywhere, however the actions fail', async () => {
    const all = Object.keys(CANARIES);
    const fields = (name: string, url: string, more = '') =>
      all
        .map((other) => {
          const auth = [
            `authType: bearer, bearerToken: "\${{ secrets.${other} }}"`,
            `authType: basic, basicUsername: u, basicPassword: "\${{ secrets.${other} }}"`,
            `authType: header, authHeaderName: X-Key, authHeaderValue: "\${{ secrets.${other} }}"`,
          ];
          return auth
            .map(
              (way) =>
                `  - { continue_on_error: true, retry: { max_attempts: 2, initial_seconds: 0.1 }, action: integration-webhook.send, config: { url: "${url}", ${way}, signingSecret: "\${{ secrets.${name} }}" ${more} } }`,
            )
            .join('\n');
        })
        .join('\n');
    engine.receiver.answerWith(({ path, headers, body }, response) => {
      const echo = JSON.stringify({
        headers,
        body,
        nested: JSON.stringify(headers),
        form: new URLSearchParams(headers as Record<string, string>).toString(),
      });
      if (path.startsWith('/401')) response.writeHead(401, { 'content-type': 'application/json' }).end(echo);
      else if (path.startsWith('/500')) response.writeHead(500).end(echo);
      else if (path.startsWith('/hang')) setTimeout(() => response.end(echo), 3_000);
      else response.end(echo);
    });
    const ways = {
      ok: '$URL/ok',
      unauthorized: '$URL/401',
      broken: '$URL/500',
      refused: 'http://127.0.0.1:9/x',
      unresolvable: 'http://no-such-host.invalid/x',
      tls: engine.receiver.url.replace('http:', 'https:'),
      hang: '$URL/hang',
    };
    const ids = await Promise.all(
      Object.entries(ways).map(([way, url]) =>
        save(
          `canary.${way}`,
          `${fields('PART', url, way === 'hang' ? ', timeout: 300' : '')}\n  - variables: { all: "{{ trigger.payload.data }}" }`,
        ),
      ),
    );
    await Promise.all(Object.keys(ways).map((way) => engine.emit(`canary.${way}`)));
    for (const id of ids) await engine.ended(1, id, 120_000);
    for (const { id } of await engine.runs()) await call('GET', `/runs/${id}`);
    for (const path of [
      '/automations?limit=200',
      '/waits',
      '/dwells',
      '/audit?limit=200',
      '/entities/incident',
      '/changes/failed',
    ])
      await call('GET', path);

    const found: string[] = [];
    const needles = Object.entries(CANARIES).flatMap(([name, value]) =>
      secretForms(value)
        .filter((form) => form.length >= 6 || form === value)
        .map((form) => [name, form] as const),
    );
    // What the test itself brought in from outside, before a run had used it, is no trace.
    const search = (where: string, text: string) => {
      for (const [name, form] of needles)
        if (text.includes(form))
          found.push(
            `${name} in ${where}: ${text.slice(Math.max(0, text.indexOf(form) - 80), text.indexOf(form) + 40)}`,
          );
    };
    const tables = await engine.database.pool.query<{ name: string }>(
      `select quote_ident(tablename) as name from pg_tables where schemaname = 'public'`,
    );
    for (const { name } of tables.rows) {
      const rows = await engine.database.pool.query<{ row: string }>(
        `select row_to_json(t)::text as row from ${name} t`,
      );
      for (const { row } of rows.rows) {
        const isPlanted = row.includes('"same"') || row.includes('"old"');
        if (!isPlanted) search(`table ${name}`, row);
      }
    }
    const { address, namespace } = engine.temporal;
    const connection = await Connection.connect({ address });
    const client = new Client({ connection, namespace });
    for (const { workflow_id: workflowId, execution_run_id: executionId } of await engine.runs()) {
      const { events } = await client.workflow.getHandle(workflowId, executionId ?? undefined).fetchHistory();
      const decoded = JSON.stringify(events, (_key, value: unknown) =>
        value instanceof Uint8Array
          ? Buffer.from(value).toString('utf8')
          : typeof value === 'bigint'
            ? String(value)
            : value,
      );
      search(`history of ${workflowId}`, decoded);
    }
    await connection.close();
    for (const output of outputs) search('logs', output());
    answers.forEach((answer) => !answer.includes('"same"') && !answer.includes('"old"') && search('answers', answer));
    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    search('metrics', metrics);
    expect(metrics).toMatch(/fermata_mask_hits_total [1-9]/);
    expect([...new Set(found)]).toEqual([]);
  }, 300_000);
});
