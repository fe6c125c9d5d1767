import { startEngine, type Engine } from '../support/engine';
import { startFermata } from '../support/process';
import { until } from '../support/until';

const VALUE = 'Canary-Bound-Value-1';

interface Items {
  items: Record<string, unknown>[];
}

describe('a secret with bindings', () => {
  let engine: Engine;
  let api: { url: string };
  let count = 0;
  beforeAll(async () => {
    engine = await startEngine();
    api = await engine.api();
    await engine.worker();
  }, 360_000);
  beforeEach(() => engine.receiver.reset());
  afterAll(() => engine.close());

  const call = (method: string, path: string, body?: unknown) => engine.call(api, method, path, body);
  const bind = (name: string, allow?: unknown) =>
    call('PUT', `/secrets/${name}`, { value: VALUE, ...(allow === undefined ? {} : { allow }) });
  const documentOf = (action: object, more: object = {}) => {
    count += 1;
    const type = `bound-${count}`;
    return {
      name: type,
      triggers: [{ event: 'automation.event', config: { type } }],
      actions: [action],
      ...more,
    };
  };
  const run = async (action: object, more: object = {}) => {
    const document = documentOf(action, more);
    const saved = await call('POST', '/automations', document);
    const id = String(saved['id']);
    await engine.emit(document.triggers[0]?.config.type ?? '');
    const [ended] = await engine.ended(1, id, 60_000);
    if (!ended) throw new Error('The run did not end');
    const steps = await engine.steps(ended.id);
    expect(JSON.stringify([steps, await call('GET', `/runs/${ended.id}`)])).not.toMatch(/canary-bound/i);
    return {
      status: ended.status,
      code: ended.error?.code,
      message: ended.error?.message,
      run: ended.id,
      steps,
      saved,
    };
  };
  const refusals = async () => {
    const { items } = (await call('GET', '/audit?action=secrets.use&limit=200')) as unknown as Items;
    return items;
  };
  const send = (config: object) => ({ action: 'integration-webhook.send', config });
  const port = () => new URL(engine.receiver.url).port;

  test('is sent only to the allowed hosts', async () => {
    await bind('HOSTS', { hosts: ['127.0.0.1'] });
    const secret = '${{ secrets.HOSTS }}';
    expect(await run(send({ url: `${engine.receiver.url}/${secret}`, bearerToken: secret }))).toMatchObject({
      status: 'success',
    });
    expect(engine.receiver.received).toMatchObject([{ path: `/${VALUE}` }]);
    engine.receiver.received.splice(0);
    const elsewhere = `http://localhost:${port()}`;
    for (const config of [
      { url: elsewhere, bearerToken: secret },
      { url: `${elsewhere}/${secret}` },
      { url: elsewhere, body: { deep: [secret] } },
      { url: elsewhere, customHeaders: [{ name: 'X-Key', value: secret }] },
      { url: elsewhere, signingSecret: secret },
      { url: `http://${secret}.invalid/` },
      { url: `{{ "${elsewhere}" }}`, bearerToken: secret },
    ]) {
      const refused = await run(send(config));
      expect(refused).toMatchObject({ status: 'failed', code: 'secret_not_allowed', steps: [{ attempts: 1 }] });
      expect(refused.message).toContain('"HOSTS"');
      expect((await refusals())[0]).toMatchObject({
        ...{ outcome: 'refused', target: '/secrets/HOSTS' },
        actor: { type: 'automation', id: refused.run },
        detail: { code: 'secret_not_allowed', step: 'actions[0]' },
      });
    }
    expect(engine.receiver.received).toEqual([]);
    expect(JSON.stringify(await refusals())).not.toMatch(/canary-bound/i);
  }, 360_000);

  test('is not sent to the target of a redirect to another host', async () => {
    await bind('REDIRECTED', { hosts: ['127.0.0.1'] });
    engine.receiver.answerWith((received, response) => {
      if (received.path === '/from') response.writeHead(307, { location: `http://localhost:${port()}/to` });
      response.end();
    });
    const config = { url: `${engine.receiver.url}/from`, body: 'x ${{ secrets.REDIRECTED }}' };
    expect(await run(send(config))).toMatchObject({ status: 'failed', code: 'secret_not_allowed' });
    expect(engine.receiver.received.map(({ path }) => path)).toEqual(['/from']);
    expect((await refusals())[0]).toMatchObject({ target: '/secrets/REDIRECTED' });
  }, 180_000);

  test('is not put into the environment of a script if it is bound to hosts', async () => {
    await bind('SCRIPTED', { hosts: ['127.0.0.1'] });
    const config = { script: 'echo $S', secretEnv: { S: '${{ secrets.SCRIPTED }}' } };
    const refused = await run({ action: 'integration-script.run_shell', config });
    expect(refused).toMatchObject({ status: 'failed', code: 'secret_not_allowed', steps: [{ result: null }] });
    expect(refused.saved['warnings']).toMatchObject([{ code: 'secret_not_allowed' }]);
  }, 180_000);

  test('can be used only if the group, the automation and the action are each in their list', async () => {
    const secret = '${{ secrets.LISTS }}';
    const ok = send({ url: engine.receiver.url, bearerToken: secret });
    await bind('LISTS', { groups: ['paging'], actions: ['integration-webhook.send'] });
    expect(await run(ok, { group: 'paging' })).toMatchObject({ status: 'success', saved: { warnings: [] } });
    const other = await run(ok, { group: 'other' });
    expect(other).toMatchObject({ code: 'secret_not_allowed', saved: { warnings: [{ code: 'secret_not_allowed' }] } });
    const script = { action: 'integration-script.run_shell', config: { script: 'true', secretEnv: { S: secret } } };
    expect(await run(script, { group: 'paging' })).toMatchObject({ code: 'secret_not_allowed' });
    await bind('LISTS', { automations: ['Only this'] });
    expect(await run(ok, { name: 'Only this' })).toMatchObject({ status: 'success', saved: { warnings: [] } });
    expect(await run(ok)).toMatchObject({ code: 'secret_not_allowed' });
  }, 360_000);

  test('is also refused to connections that refer to it, to their tests, and to mail', async () => {
    await bind('CONNECTED', { hosts: ['hooks.example.com'] });
    const config = { baseUrl: engine.receiver.url, headers: { 'X-Token': 'T ${{ secrets.CONNECTED }}' } };
    const made = await call('POST', '/connections', { name: 'Bound', type: 'webhook', config });
    expect(made['warnings']).toMatchObject([{ path: 'config.headers.X-Token', code: 'secret_not_allowed' }]);
    const notify = (channel: unknown, to = '') => ({
      action: 'notification.send',
      config: { channel, title: 't', body: 'b', ...(to === '' ? {} : { to }) },
    });
    expect(await run(notify(made['id']))).toMatchObject({ status: 'failed', code: 'secret_not_allowed' });
    const before = (await refusals()).length;
    expect(await call('POST', `/connections/${String(made['id'])}/test`)).toMatchObject({ ok: false });
    expect(await call('POST', '/connections/test', { type: 'webhook', config })).toMatchObject({
      ok: false,
      message: expect.stringContaining('"CONNECTED"') as string,
    });
    expect(await refusals()).toHaveLength(before + 2);
    expect(engine.receiver.received).toEqual([]);
    const mail = {
      host: '127.0.0.1',
      port: Number(port()),
      user: 'u@example.org',
      password: '${{ secrets.CONNECTED }}',
    };
    const smtp = await call('POST', '/connections', { name: 'Mail', type: 'smtp', config: mail });
    expect(await run(notify(smtp['id'], 'a@example.org'))).toMatchObject({ code: 'secret_not_allowed' });
    await bind('CONNECTED', { hosts: ['127.0.0.1'] });
    expect(await run(notify(made['id']))).toMatchObject({ status: 'success' });
    expect(await call('POST', `/connections/${String(made['id'])}/test`)).toMatchObject({ ok: true });
    await bind('CONNECTED', { actions: ['integration-webhook.send'] });
    expect(await run(notify(made['id']))).toMatchObject({ code: 'secret_not_allowed' });
  }, 360_000);

  test('keeps its bindings when its value is rotated, and is listed with its bindings and what refers to it', async () => {
    const allow = { hosts: ['*.example.com', 'xn--bcher-kva.example'] };
    expect(await bind('ROTATED', { hosts: ['*.Example.com', 'bücher.example'] })).toMatchObject({ allow, version: 1 });
    expect(await bind('ROTATED')).toMatchObject({ allow, version: 2 });
    expect(await call('PUT', '/secrets/ROTATED', { allow: { groups: ['g'] } })).toMatchObject({
      ...{ allow: { groups: ['g'] }, version: 2 },
    });
    expect(await bind('ROTATED', null)).toMatchObject({ allow: null, version: 3 });
    for (const body of [
      {},
      { allow: null },
      { value: 'x', allow: {} },
      { value: 'x', allow: { hosts: ['http://a'] } },
    ]) {
      await expect(call('PUT', '/secrets/MISSING', body)).rejects.toThrow('422');
    }
    const secret = '${{ secrets.ROTATED }}';
    const automation = await call('POST', '/automations', documentOf(send({ url: 'https://a.example', body: secret })));
    const config = { baseUrl: `https://a.example/${secret}` };
    const connection = await call('POST', '/connections', { name: 'Uses', type: 'webhook', config });
    const hook = await call('POST', '/hooks', { name: 'uses', scheme: 'header', secrets: [secret] });
    const { items } = (await call('GET', '/secrets?limit=200')) as unknown as Items;
    expect(items.find(({ name }) => name === 'ROTATED')).toMatchObject({
      allow: null,
      usedBy: {
        automations: [{ id: automation['id'], name: automation['name'] }],
        connections: [{ id: connection['id'], name: 'Uses' }],
        hooks: [{ id: hook['id'], name: 'uses' }],
      },
    });
    const post = (given: string) =>
      fetch(`${api.url}/api/v1/hooks/uses`, { method: 'POST', headers: { 'X-Hook-Secret': given }, body: '{}' });
    expect([(await post(VALUE)).status, (await post(secret)).status]).toEqual([202, 401]);
  }, 180_000);

  test('can be referred to in an automation only by an author who may use secrets', async () => {
    const tokenOf = async (role: string) =>
      String((await call('POST', '/tokens', { name: role, roles: [role] }))['token']);
    const [author, operator] = [await tokenOf('author'), await tokenOf('operator')];
    const as = async (token: string, method: string, path: string, body: unknown, type = 'application/json') => {
      const headers = { 'content-type': type, authorization: `Bearer ${token}` };
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const answer = await fetch(`${api.url}/api/v1${path}`, { method, headers, body: text });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    };
    const [using, plain] = ['${{ secrets.ROTATED }}', 'text'].map((body) =>
      documentOf(send({ url: 'https://a.example', body })),
    );
    expect(await as(author, 'POST', '/automations', using)).toMatchObject({
      ...{ status: 403, body: { code: 'forbidden', detail: expect.stringContaining('secrets.use') as string } },
    });
    const mine = await as(author, 'POST', '/automations', plain);
    expect(mine.status).toBe(201);
    const path = `/automations/${String(mine.body['id'])}`;
    expect((await as(author, 'PATCH', path, { actions: using?.actions })).status).toBe(403);
    expect((await as(operator, 'PATCH', path, { actions: using?.actions })).status).toBe(200);
    expect((await as(author, 'PATCH', path, { status: 'disabled' })).status).toBe(200);
    expect((await as(author, 'PATCH', path, { description: 'x' })).status).toBe(403);
    expect((await as(operator, 'PATCH', path, { actions: plain?.actions })).status).toBe(200);
    expect((await as(author, 'POST', `${path}/versions/2/rollback`, {})).status).toBe(403);
    expect((await as(operator, 'POST', `${path}/versions/2/rollback`, {})).status).toBe(200);
    const { name, ...spec } = using ?? { name: '' };
    const document = JSON.stringify({ apiVersion: 'fermata/v1', kind: 'Automation', metadata: { name }, spec });
    const apply = (token: string) => as(token, 'POST', '/gitops/apply?source=s', document, 'application/yaml');
    expect((await apply(author)).status).toBe(403);
    expect((await apply(operator)).status).toBe(200);
    // The source now belongs to the operator's token.
    expect(await apply(author)).toMatchObject({ status: 409, body: { code: 'foreign_source' } });
  }, 180_000);

  test('is created, updated and listed with the command line', async () => {
    const cli = async (args: string[], input?: string) => {
      const env = engine.env({ FERMATA_URL: api.url, FERMATA_TOKEN: engine.authorization.replace('Bearer ', '') });
      const child = startFermata(['secret', ...args], env, input);
      await until('the command has ended', () => child.exited(), 30_000);
      return child.output();
    };
    await cli(
      [
        'set',
        'CLI',
        '--allow-host',
        'a.example',
        '--allow-host',
        '*.b.example',
        '--allow-action',
        'integration-webhook.send',
      ],
      'canary-cli',
    );
    expect(await cli(['list'])).toMatch(/CLI .*hosts: a\.example, \*\.b\.example; actions: integration-webhook\.send/);
    await cli(['set', 'CLI', '--allow-group', 'g', '--allow-automation', 'a'], 'canary-cli');
    expect(await cli(['list'])).toMatch(/CLI .*groups: g; automations: a/);
    await cli(['set', 'CLI'], 'canary-cli');
    expect(await cli(['list'])).toMatch(/CLI .*groups: g; automations: a/);
    await cli(['set', 'CLI', '--allow-any'], 'canary-cli');
    expect(await cli(['list'])).toMatch(/CLI +4 .*anywhere/);
  }, 360_000);
});
