import { randomBytes } from 'node:crypto';
import { CANARIES } from '../support/canaries';
import { startEngine, type Engine } from '../support/engine';
import { startFermata, type FermataProcess } from '../support/process';
import { until } from '../support/until';

describe('secrets', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  let worker: FermataProcess;
  beforeAll(async () => {
    engine = await startEngine();
    api = await engine.api();
    worker = await engine.worker();
    for (const [name, value] of Object.entries(CANARIES)) await call('PUT', `/secrets/${name}`, { value });
  }, 360_000);
  beforeEach(() => engine.receiver.reset());
  afterAll(() => engine.close());

  const request = (method: string, path: string, body?: unknown) => engine.request(api, method, path, body);
  const call = (method: string, path: string, body?: unknown) => engine.call(api, method, path, body);
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
    if (!ended) throw new Error('The run did not end');
    return { run: ended, steps: await engine.steps(ended.id), detail: await call('GET', `/runs/${ended.id}`) };
  };
  const bearer = (name: string, more = '') =>
    `{ action: integration-webhook.send, config: { url: "$URL/x", authType: bearer, bearerToken: "\${{ secrets.${name} }}" ${more} } }`;

  test('can be stored but not read back, and cause a warning if they are short', async () => {
    const set = await call('PUT', '/secrets/TINY', { value: 'abc' });
    expect(set).toMatchObject({ name: 'TINY', hasValue: true, version: 1, warnings: [{ code: 'short_secret' }] });
    expect(await call('PUT', '/secrets/TINY', { value: 'abcdef' })).toMatchObject({ version: 2, warnings: [] });
    const { items } = (await call('GET', '/secrets?limit=200')) as { items: { name: string }[] };
    expect(items.map(({ name }) => name)).toEqual(expect.arrayContaining(['TINY', 'QUOTES']));
    expect(items.find(({ name }) => name === 'TINY')).toEqual({
      ...{ name: 'TINY', hasValue: true, version: 2 },
      updatedAt: expect.any(String) as string,
      ...{ allow: null, usedBy: { automations: [], connections: [], hooks: [] } },
    });
    expect((await request('DELETE', '/secrets/TINY')).status).toBe(204);
    expect((await request('DELETE', '/secrets/TINY')).status).toBe(404);
    expect((await request('PUT', '/secrets/no%20name', { value: 'x' })).status).toBe(422);
  });

  test('are accepted in the URL, body and headers of a webhook, and masked in the response', async () => {
    engine.receiver.answerWith((received, response) => {
      const { path: url, body, headers } = received;
      response.end(JSON.stringify({ url, body, [String(headers['x-key'])]: 'as a key' }));
    });
    const secret = '${{ secrets.WHOLE }}';
    const { steps, detail } = await run(
      'fields',
      `  - { action: integration-webhook.send, config: { url: "$URL/hook/${secret}?a=1", body: { deep: ["x ${secret}"] }, customHeaders: [{ name: X-Key, value: "k ${secret}" }] } }`,
    );
    const [received] = engine.receiver.received;
    expect(received).toMatchObject({
      path: `/hook/${CANARIES.WHOLE}?a=1`,
      headers: { 'x-key': `k ${CANARIES.WHOLE}` },
    });
    expect(received?.body).toContain(`x ${CANARIES.WHOLE}`);
    expect(steps).toMatchObject([{ status: 'success' }]);
    expect(JSON.stringify([steps, detail])).toContain('****');
    expect(JSON.stringify([steps, detail])).not.toContain(CANARIES.WHOLE);
  });

  test('do not follow a redirect to another origin, and are masked if the response names the path of a secret URL', async () => {
    await call('PUT', '/secrets/HOOK_URL', { value: `${engine.receiver.url}/services/T00AAA/B00BBB/hookcanary8sYx` });
    const there = engine.receiver.url.replace('127.0.0.1', 'localhost');
    engine.receiver.answerWith(({ method, path }, response) => {
      if (path.startsWith('/moved')) response.writeHead(307, { location: `${there}/there` }).end();
      else response.writeHead(path.startsWith('/services') ? 404 : 200).end(`Cannot ${method} ${path}`);
    });
    const send = (config: string) =>
      `  - { action: integration-webhook.send, config: ${config}, continue_on_error: true }`;
    const secret = '${{ secrets.WHOLE }}';
    const { steps } = await run(
      'redirected',
      [
        send(`{ url: "$URL/moved/1", body: { token: "${secret}" } }`),
        send(`{ url: "$URL/moved/2", customHeaders: [{ name: User-Agent, value: "${secret}" }] }`),
        send('{ url: "$URL/moved/3", body: { a: 1 } }'),
        send('{ url: "${{ secrets.HOOK_URL }}" }'),
      ].join('\n'),
    );
    expect(steps.map(({ error }) => error?.message)).toMatchObject([
      expect.stringContaining('because the body contains a secret'),
      expect.stringContaining('because the header User-Agent contains a secret'),
      ...[undefined, expect.stringContaining('status 404')],
    ]);
    expect(engine.receiver.received.filter(({ path }) => path === '/there').map(({ body }) => body)).toEqual([
      '{"a":1}',
    ]);
    expect(steps[3]?.result).toMatchObject({ responseBody: 'Cannot POST ****' });
  }, 180_000);

  test('are refused in all other fields when an automation is saved', async () => {
    const answer = await request('POST', '/automations', {
      name: 'outside',
      triggers: [{ event: 'automation.event', config: { type: 'outside' } }],
      actions: [{ action: 'automation.log', config: { message: '${{ secrets.WHOLE }}' } }],
    });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('"secret_outside"');
  });

  test('are sent to the receiver, and are masked in its response and in the steps that use their value', async () => {
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
  }, 180_000);

  test('are masked even if the response or the error message of a receiver is cut', async () => {
    const before = 'x'.repeat(9_995 - 'Bearer '.length);
    engine.receiver.answerWith((received, response) => {
      const token = String(received.headers['authorization']);
      if (received.path.endsWith('/x')) response.end(`${before} ${token}`);
      // An error in the format of Webex.
      else response.writeHead(400).end(JSON.stringify({ message: `${'y'.repeat(1_900)} ${token}`.repeat(20) }));
    });
    const connection = { baseUrl: `${engine.receiver.url}/webex`, botToken: CANARIES.WHOLE };
    const { id } = await call('POST', '/connections', { name: 'Webex', type: 'webex', config: connection });
    const { steps } = await run(
      'cut',
      `  - ${bearer('WHOLE')}
  - { action: integration-webex.post_message, config: { connectionId: "${String(id)}", roomId: r, markdown: x }, continue_on_error: true }`,
    );
    const { responseBody } = steps[0]?.result as { responseBody: string };
    expect(responseBody).toBe(`${before} Bearer ****`.slice(0, 10_000));
    expect(JSON.stringify(steps)).not.toContain('canary');
    expect(steps[1]?.error?.message.length).toBeLessThan(2_001);
    const tried = await call('POST', `/connections/${String(id)}/test`);
    expect(tried).toMatchObject({ ok: false });
    expect(JSON.stringify(tried)).not.toContain('canary');
  }, 180_000);

  test('are masked in the output of a branch that was in progress when another branch used them', async () => {
    let echo: (text: string) => void = () => undefined;
    engine.receiver.answerWith((received, response) => {
      const token = received.headers['authorization'];
      if (token === undefined) echo = (text) => void response.end(text);
      else {
        response.end('ok');
        setTimeout(() => echo(`he said ${token}`), 300);
      }
    });
    const { steps } = await run(
      'branches',
      `  - parallel:
      - { action: integration-webhook.send, config: { url: "$URL/open", timeout: 20000 } }
      - sequence: [{ delay: { seconds: 1 } }, ${bearer('WHOLE')}]`,
    );
    expect(steps.map(({ result }) => (result as { responseBody?: string } | null)?.responseBody)).toContain(
      'he said Bearer ****',
    );
    expect(JSON.stringify(steps)).not.toContain('canary');
  }, 180_000);

  test('are refused at run time if a definition that was saved earlier uses them in other fields', async () => {
    const cases: [place: string, steps: string][] = [
      ['variables.leak', '  - { variables: { leak: PLACE } }'],
      ['stop.reason', '  - { stop: { reason: PLACE } }'],
      ['script', '  - { action: integration-script.run_shell, config: { script: "echo PLACE" } }'],
      ['env.A', '  - { action: integration-script.run_shell, config: { script: "echo", env: { A: PLACE } } }'],
      ['message', '  - { action: automation.log, config: { message: PLACE } }'],
      ['PLACE', '  - { action: integration-webhook.send, config: { url: "$URL/x", query: { PLACE: x } } }'],
    ];
    for (const [place, steps] of cases) {
      const id = await save(`earlier-${cases.findIndex(([each]) => each === place)}`, steps);
      await setReference(id);
      await call('POST', `/automations/${id}/runs`, { payload: { type: 'x' } });
      const [ended] = await engine.ended(1, id, 60_000);
      expect([place, ended?.status, ended?.error?.code]).toEqual([place, 'failed', 'secret_outside']);
      expect(ended?.error?.message).toContain(place.replace('PLACE', '${{ secrets.WHOLE }}'));
    }
    const id = await save('earlier-run', '  - { action: automation.log, config: { message: x } }');
    await engine.database.pool.query(
      `update automation_versions set definition = jsonb_set(definition, '{variables}', '{"leak": "PLACE"}') where automation_id = $1`,
      [id],
    );
    await setReference(id);
    const refused = await request('POST', `/automations/${id}/runs`, { payload: { type: 'x' } });
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('"secret_outside"')]);
    expect(engine.receiver.received).toEqual([]);
  }, 360_000);

  /** Stores a reference that the current validator would refuse. */
  const setReference = (id: string) =>
    engine.database.pool.query(
      `update automation_versions set definition = replace(definition::text, 'PLACE', '\${{ secrets.WHOLE }}')::jsonb where automation_id = $1`,
      [id],
    );

  test('are replaced where the author wrote them, but not in texts from a payload', async () => {
    const { run: ended } = await run(
      'inject',
      `  - { action: integration-webhook.send, config: { url: "$URL/x", authType: bearer, bearerToken: "{{ trigger.payload.data.token }}", body: "\${{ secrets.WHOLE }} {{ trigger.payload.data.token }}" } }`,
      { token: '${{ secrets.WHOLE }}' },
    );
    expect(ended.status).toBe('success');
    const [received] = engine.receiver.received;
    expect(received?.headers['authorization']).toBe('Bearer ${{ secrets.WHOLE }}');
    expect(received?.body).toBe(`${CANARIES.WHOLE} \${{ secrets.WHOLE }}`);
  }, 180_000);

  test('are inserted into the headers of a connection, and are named in the error if they are missing', async () => {
    const { id } = await call('POST', '/connections', {
      ...{ name: 'Bridge', type: 'webhook' },
      config: { baseUrl: `${engine.receiver.url}/bridge`, headers: { 'X-Token': 'Token ${{ secrets.BRIDGE }}' } },
    });
    const short = { name: 'Short', type: 'webex', config: { botToken: 'abc' } };
    expect(await call('POST', '/connections', short)).toMatchObject({
      config: { botToken: { hasValue: true } },
      warnings: [{ path: 'config.botToken', code: 'short_secret' }],
    });
    const path = `/connections/${String(id)}/test`;
    const missing = { ok: false, message: expect.stringContaining('"BRIDGE"') as string };
    expect(await call('POST', path)).toEqual({ ...missing, code: 'config_invalid' });
    await call('PUT', '/secrets/BRIDGE', { value: 'canary\nof two lines' });
    expect(await call('POST', path)).toMatchObject({
      ok: false,
      message: expect.stringContaining('headers') as string,
    });
    await call('PUT', '/secrets/BRIDGE', { value: 'canary-of-a-bridge' });
    expect(await call('POST', path)).toMatchObject({ ok: true });
    expect(engine.receiver.received[0]?.headers['x-token']).toBe('Token canary-of-a-bridge');
    engine.receiver.answerWith((received, response) => {
      response.writeHead(400).end(String(received.headers['x-token']));
    });
    const notify = (more: string) =>
      `  - { action: notification.send, config: { channel: "${String(id)}", title: x, body: canary-of-a-bridge }${more} }`;
    const { run: ended, detail } = await run('bridge', `${notify(', continue_on_error: true')}\n${notify('')}`);
    expect(ended.status).toBe('failed');
    expect(JSON.stringify([ended.error, (detail as { steps: unknown }).steps])).not.toContain('canary');
  }, 180_000);

  test.each(['webhook', 'http'])(
    'are not shown for the headers of a connection of type %s without headers',
    async (type) => {
      const config = { baseUrl: engine.receiver.url };
      const { id, config: shown } = await call('POST', '/connections', { name: `Bare ${type}`, type, config });
      expect(JSON.stringify(shown)).not.toContain('hasValue');
      const path = `/connections/${String(id)}`;
      const set = await call('PATCH', path, { config: { headers: { 'X-Token': 'canary-of-a-header' } } });
      expect(set).toMatchObject({ config: { headers: { hasValue: true } } });
      const { config: emptied } = await call('PATCH', path, { config: { headers: {} } });
      expect(JSON.stringify(emptied)).not.toContain('hasValue');
    },
  );

  test('are accepted in the URL of a connection, and masked in the result of its test', async () => {
    await call('PUT', '/secrets/HOOK_PATH', { value: 'Canary-Path-1' });
    const config = { baseUrl: `${engine.receiver.url}/\${{ secrets.HOOK_PATH }}` };
    const made = await call('POST', '/connections', { name: 'Path', type: 'webhook', config });
    expect(made).toMatchObject({ config });
    for (const [path, body] of [
      [`/connections/${String(made['id'])}/test`, undefined],
      ['/connections/test', { type: 'webhook', config }],
      ['/connections/test', { type: 'webhook', config: {}, connectionId: made['id'] }],
    ] as const) {
      engine.receiver.reset();
      expect(await call('POST', path, body)).toEqual({ ok: true, message: `${engine.receiver.url}/**** answers.` });
      expect(engine.receiver.received[0]?.path).toBe('/Canary-Path-1');
      engine.receiver.answerWith((received, response) => void response.writeHead(400).end(`no ${received.path}`));
      const refused = await request('POST', path, body);
      expect(refused.text).toContain('"ok":false');
      expect(refused.text).not.toMatch(/canary/i);
    }
    const jira = await call('POST', '/connections', {
      name: 'Jira behind a path',
      type: 'jira',
      config: { ...config, email: 'bot@example.com', apiToken: 'canary-token-123' },
    });
    const options = `/connections/${String(jira['id'])}/options`;
    engine.receiver.answerWith((received, response) => {
      // The response contains the path of the request, which includes the secret.
      const values = [{ key: 'OPS', name: `Ops at ${received.path}`, [received.path]: 1 }];
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ values }));
    });
    engine.receiver.received.splice(0);
    const chosen = await request('GET', `${options}/projectKey`);
    expect(engine.receiver.received[0]?.path).toMatch(/^\/Canary-Path-1\/rest\/api\/3\/project\/search/);
    expect([chosen.status, chosen.text]).toEqual([
      200,
      expect.stringMatching(/"value":"OPS","label":"Ops at \/\*{4}\//),
    ]);
    engine.receiver.answerWith((received, response) => void response.writeHead(400).end(`no ${received.path}`));
    const failed = await request('GET', `${options}/issueTypeId?projectKey=OPS`);
    expect(failed.status).toBe(502);
    const outer = await request('GET', `${options}/issueTypeId?projectKey=..`);
    expect(engine.receiver.received.some(({ path }) => path.includes('/issue/issuetypes'))).toBe(false);
    for (const { text } of [chosen, failed, outer]) expect(text).not.toMatch(/canary/i);
    const asHost = { type: 'webhook', config: { baseUrl: 'http://${{ secrets.HOOK_PATH }}.invalid' } };
    expect((await request('POST', '/connections/test', asHost)).text).not.toMatch(/canary/i);
    const asUser = { host: 'mail.example.com', port: 25, user: '${{ secrets.HOOK_PATH }}', password: 'x1234567' };
    const outside = await request('POST', '/connections', { name: 'Mail', type: 'smtp', config: asUser });
    expect([outside.status, outside.text]).toEqual([422, expect.stringContaining('"secret_outside"')]);
  }, 180_000);

  test('fail the step without a retry if they are missing, and are named in the error', async () => {
    const { run: ended, steps } = await run('missing', `  - ${bearer('MISSING')}`);
    expect(ended).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('"MISSING"') as string },
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
  }, 180_000);

  test('remain masked in a run that has used them, after a rotation, a deletion and on another worker', async () => {
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
    worker = await engine.worker();
    await engine.emit('go', { old: 'canary-before-rotation' });
    const [ended] = await engine.ended(1, id, 40_000);
    const late = (await engine.steps(ended?.id ?? '')).find(({ path }) => path === 'actions[2]');
    expect(late?.result).toEqual({ late: '**** ****' });
    const left = await engine.database.pool.query('select 1 from run_secrets where run_id = $1', [ended?.id]);
    expect(left.rowCount).toBe(0);
  }, 270_000);

  test('include the access tokens that a call obtains, which later steps mask too, on another worker and if kept', async () => {
    engine.receiver.answerWith(({ path, headers }, response) => {
      response.setHeader('content-type', 'application/json');
      if (path === '/token') response.end(JSON.stringify({ access_token: 'canary-access-token', expires_in: 3_600 }));
      else response.writeHead(path === '/gone' ? 404 : 200).end(JSON.stringify({ headers }));
    });
    const oauth2 = { tokenUrl: `${engine.receiver.url}/token`, clientId: 'fermata', clientSecret: 'client-secret-1' };
    const config = { baseUrl: engine.receiver.url, oauth2 };
    const { id: connection } = await call('POST', '/connections', { name: 'OAuth', type: 'http', config });
    const http = (path: string, more: string) =>
      `{ action: integration-http.request, config: { connectionId: "${String(connection)}", path: ${path}, outputs: { sent: $.headers.authorization } }${more} }`;
    const id = await save(
      'obtained',
      `  - ${http('/gone', ', continue_on_error: true')}
  - ${http('/echo', ', id: echo')}
  - variables: { sent: "{{ artifacts.echo.response.outputs.sent }}", brought: "{{ trigger.payload.data.old }}" }
  - { action: automation.emit_event, config: { type: told, data: { sent: "{{ var.sent }}" } } }
  - wait_for_trigger: { event: automation.event, config: { type: obtained.go }, context_key: "*" }
  - variables: { late: "{{ wait.trigger.payload.data.old }}" }`,
    );
    for (const turn of [1, 2]) {
      await engine.emit('obtained', { old: 'canary-access-token' });
      await until(`run ${turn} waits`, async () => (await engine.runs(id))[turn - 1]?.status === 'waiting', 20_000);
      if (turn === 2) {
        await worker.stop('SIGKILL');
        worker = await engine.worker();
      }
      await engine.emit('obtained.go', { old: 'canary-access-token' });
      await until('it has ended', async () => (await engine.runs(id)).at(-1)?.status === 'success', 40_000);
      const ended = (await engine.runs(id)).at(-1);
      const steps = await engine.steps(ended?.id ?? '');
      expect(steps.find(({ path }) => path === 'actions[2]')?.result).toEqual({ sent: 'Bearer ****', brought: '****' });
      expect(steps.find(({ path }) => path === 'actions[5]')?.result).toEqual({ late: '****' });
      expect(JSON.stringify([steps, await call('GET', `/runs/${String(ended?.id)}`)])).not.toContain('access-token');
    }
    expect(engine.receiver.received.filter(({ path }) => path === '/token')).toHaveLength(1);
    const { rows } = await engine.database.pool.query(
      `select 1 from changes where payload ->> 'type' = 'told' and payload::text like '%access-token%'`,
    );
    expect(rows).toEqual([]);
  }, 270_000);

  test('are masked with their old and new values after they were deleted and set again', async () => {
    await call('PUT', '/secrets/AGAIN', { value: 'canary-of-before' });
    const id = await save(
      'again',
      `  - ${bearer('AGAIN')}
  - wait_for_trigger: { event: automation.event, config: { type: again.go }, context_key: "*" }
  - ${bearer('AGAIN')}
  - variables: { late: "{{ trigger.payload.data.both }}" }`,
    );
    engine.receiver.answerWith((received, response) => void response.end(String(received.headers['authorization'])));
    await engine.emit('again', { both: 'canary-of-before canary-of-after' });
    await until('it waits', async () => (await engine.runs(id))[0]?.status === 'waiting', 20_000);
    await call('DELETE', '/secrets/AGAIN');
    await call('PUT', '/secrets/AGAIN', { value: 'canary-of-after' });
    await engine.emit('again.go');
    const [ended] = await engine.ended(1, id, 40_000);
    const steps = await engine.steps(ended?.id ?? '');
    expect(engine.receiver.received.map(({ headers }) => headers['authorization'])).toEqual([
      'Bearer canary-of-before',
      'Bearer canary-of-after',
    ]);
    expect(steps.find(({ path }) => path === 'actions[3]')?.result).toEqual({ late: '**** ****' });
    expect(JSON.stringify(steps)).not.toContain('canary');
  }, 180_000);

  test('are encrypted with the newest key by `fermata secret rotate`, and set, listed and deleted by the command line', async () => {
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
    expect((await call('GET', '/audit?action=secrets.rotate'))['items']).toHaveLength(2);
    expect(
      await cli(['rotate'], null, { FERMATA_SECRET_KEY: `${engine.env()['FERMATA_SECRET_KEY'] ?? ''},${newest}` }),
    ).toMatch(/[1-9]/);
    expect(await cli(['rm', 'FROM_CLI'], null)).toContain('deleted');
  }, 270_000);
});
