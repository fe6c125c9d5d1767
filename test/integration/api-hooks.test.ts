import { createHmac } from 'node:crypto';
import { GITHUB_BODIES, GITLAB_BODIES, postAsGithub, postAsGitlab } from '../support/vendors/forge-events';
import { BASE, startApiHarness, type Answer, type ApiHarness } from './api-harness';

const hmac = (secret: string, text: string) => createHmac('sha256', secret).update(text).digest('hex');
const unix = () => Math.floor(Date.now() / 1000);
const github = (secret: string, body: string) => ({ 'X-Hub-Signature-256': `sha256=${hmac(secret, body)}` });
const stamped = (secret: string, body: string, at = unix()) => ({
  'X-Signature': `t=${at},v1=${hmac(secret, `${at}.${body}`)}`,
});

describe('inbound hooks', () => {
  let api: ApiHarness;
  let next = 0;
  beforeAll(async () => {
    api = await startApiHarness();
  }, 180_000);
  afterAll(() => api.end());

  const make = async (fields: Record<string, unknown>): Promise<string> => {
    const name = `hook-${(next += 1)}`;
    expect((await api.call('POST', `${BASE}/hooks`, { body: { name, ...fields } })).status).toBe(201);
    return name;
  };
  const post = (name: string, body: string, headers: Record<string, string> = {}): Promise<Answer> =>
    api.call('POST', `${BASE}/hooks/${name}`, {
      token: null,
      body,
      headers: { 'Content-Type': 'application/json', ...headers },
    });
  const events = (name: string) =>
    api.rows<{ change_id: string; payload: Record<string, unknown>; actor: unknown }>(
      `select change_id, payload, actor from changes where event = 'automation.webhook' and entity_id = $1 order by seq`,
      [name],
    );

  it('are created, read, changed with If-Match and deleted, and no response contains a secret', async () => {
    const made = await api.call('POST', `${BASE}/hooks`, {
      body: { name: 'deploys', scheme: 'github', secrets: ['canary-one'] },
    });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ name: 'deploys', scheme: 'github', secrets: [{ hasValue: true }] });
    const again = await api.call('POST', `${BASE}/hooks`, { body: { name: 'deploys', scheme: 'none' } });
    expect(again.status).toBe(409);
    const etag = made.headers.get('etag') ?? '';
    const patch = (body: unknown, ifMatch: string) =>
      api.call('PATCH', `${BASE}/hooks/deploys`, { body, headers: { 'If-Match': ifMatch } });
    const rotated = await patch({ secrets: ['canary-two', 'canary-one'] }, etag);
    expect(rotated.body.secrets).toHaveLength(2);
    expect((await patch({ secrets: ['canary-three'] }, etag)).status).toBe(412);
    expect((await patch({ scheme: 'header' }, rotated.headers.get('etag') ?? '')).body.secrets).toHaveLength(2);
    const read = await api.call('GET', `${BASE}/hooks/${String(made.body.id)}`);
    const list = await api.call('GET', `${BASE}/hooks`);
    for (const { text } of [made, rotated, read, list]) expect(text).not.toContain('canary');
    const stored = await api.rows<{ row: string }>(`select h::text as row from hooks h`);
    expect(JSON.stringify(stored)).not.toContain('canary');
    expect((await api.call('DELETE', `${BASE}/hooks/deploys`)).status).toBe(204);
    expect((await post('deploys', '{}')).status).toBe(401);
  });

  it.each([
    { scheme: 'none', secrets: ['x'] },
    { scheme: 'github' },
    { scheme: 'header', secrets: [] },
    { scheme: 'header', secrets: ['a', 'b', 'c'] },
    { scheme: 'md5', secrets: ['a'] },
  ])('are refused with %j', async (fields) => {
    const answer = await api.call('POST', `${BASE}/hooks`, { body: { name: 'bad', ...fields } });
    expect(answer.status).toBe(422);
  });

  it('can be created only with secrets.manage; requests to them need no token', async () => {
    const operator = await api.token('operator');
    const body = { name: 'mine', scheme: 'none' };
    expect((await api.call('POST', `${BASE}/hooks`, { token: operator, body })).status).toBe(403);
    const name = await make({ scheme: 'none' });
    expect((await post(name, '{"a":1}')).status).toBe(202);
  });

  it('emit an event with body, allowed headers, query and method', async () => {
    const name = await make({ scheme: 'none' });
    const answer = await post(`${name}?env=prod&tag=a&tag=b`, '{"ref":"main"}', {
      'X-GitHub-Event': 'push',
      Authorization: 'Bearer not-for-automations',
      Cookie: 'session=1',
    });
    expect(answer.status).toBe(202);
    const [event] = await events(name);
    expect(answer.body).toEqual({ accepted: 1, changeIds: [event?.change_id] });
    expect(event?.payload).toMatchObject({
      ...{ hook: name, body: { ref: 'main' }, method: 'POST' },
      query: { env: 'prod', tag: ['a', 'b'] },
    });
    expect(event?.payload.headers).toMatchObject({ 'content-type': 'application/json', 'x-github-event': 'push' });
    expect(JSON.stringify(event)).not.toMatch(/not-for-automations|session/);
    expect(event?.actor).toEqual({ type: 'service', id: `hook:${name}` });
  });

  it('read forms as fields, other content as text, and an empty body as null', async () => {
    const name = await make({ scheme: 'none' });
    await post(name, 'a=1&b=x+y', { 'Content-Type': 'application/x-www-form-urlencoded' });
    await post(name, 'plain ü', { 'Content-Type': 'text/plain' });
    await post(name, '');
    expect((await events(name)).map(({ payload }) => payload.body)).toEqual([{ a: '1', b: 'x y' }, 'plain ü', null]);
    expect((await post(name, '{"a":')).status).toBe(400);
  });

  it('accept only their two secrets with the scheme header', async () => {
    const name = await make({ scheme: 'header', secrets: ['new-secret', 'old-secret'] });
    const statuses = await Promise.all(
      ['new-secret', 'old-secret', 'New-secret', 'new-secre', '', undefined].map(async (secret) => {
        const headers: Record<string, string> = secret === undefined ? {} : { 'X-Hook-Secret': secret };
        return (await post(name, '{}', headers)).status;
      }),
    );
    expect(statuses).toEqual([202, 202, 401, 401, 401, 401]);
    expect(JSON.stringify(await events(name))).not.toContain('-secret');
    const odd = await make({ scheme: 'header', secrets: ['schlüssel-ключ'] });
    // UTF-8 bytes, as curl sends them.
    const bytes = Buffer.from('schlüssel-ключ').toString('latin1');
    expect((await post(odd, '{}', { 'X-Hook-Secret': bytes })).status).toBe(202);
    expect((await post(odd, '{}', { 'X-Hook-Secret': `${bytes}x` })).status).toBe(401);
  });

  it('check the signature of the raw body with the scheme github: an extra byte or different spacing is refused', async () => {
    const name = await make({ scheme: 'github', secrets: ['s1', 's2'] });
    const body = '{ "b": 1,\n "a": "ü" }';
    expect((await post(name, body, github('s1', body))).status).toBe(202);
    expect((await post(name, body, github('s2', body))).status).toBe(202);
    expect((await post(name, `${body} `, github('s1', body))).status).toBe(401);
    expect((await post(name, JSON.stringify(JSON.parse(body)), github('s1', body))).status).toBe(401);
    expect((await post(name, body, github('s3', body))).status).toBe(401);
    expect((await post(name, body, { 'X-Hub-Signature-256': hmac('s1', body) })).status).toBe(401);
    expect((await post(name, '{', {})).status).toBe(401);
    expect((await post(name, body)).headers.get('www-authenticate')).not.toContain('s1');
  });

  it('refuse timestamps that are more than five minutes off, and two timestamps, with the scheme timestamped', async () => {
    const name = await make({ scheme: 'timestamped', secrets: ['s'] });
    const status = async (headers: Record<string, string>) => (await post(name, '{}', headers)).status;
    expect(await status(stamped('s', '{}'))).toBe(202);
    expect(await status(stamped('s', '{}', unix() - 290))).toBe(202);
    expect(await status(stamped('s', '{}', unix() - 310))).toBe(401);
    expect(await status(stamped('s', '{}', unix() + 310))).toBe(401);
    expect(await status({ 'X-Signature': `t=${unix()},v1=${hmac('s', `${unix() - 5}.{}`)}` })).toBe(401);
    expect(await status({ 'X-Signature': `t=1,${stamped('s', '{}')['X-Signature']}` })).toBe(401);
    expect(await status({ 'X-Signature': `${stamped('s', '{}')['X-Signature']},v1=${'0'.repeat(64)}` })).toBe(202);
  });

  it('read the secret from a custom header, and do not pass it to automations', async () => {
    const name = await make({ scheme: 'header', secrets: ['my-secret'], header: 'X-Event-Key' });
    expect((await post(name, '{}', { 'x-event-key': 'my-secret' })).status).toBe(202);
    expect((await post(name, '{}', { 'X-Hook-Secret': 'my-secret' })).status).toBe(401);
    expect(JSON.stringify(await events(name))).not.toContain('my-secret');
  });

  it.each(['X-GitHub-Delivery', 'X-Delivery-Id', 'Idempotency-Key'])(
    'accept a delivery once by %s, even if it arrives several times at once',
    async (header) => {
      const [name, other] = [await make({ scheme: 'none' }), await make({ scheme: 'none' })];
      const answers = await Promise.all([1, 2, 3, 4].map((n) => post(name, `{"n":${n}}`, { [header]: 'delivery-1' })));
      expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
      expect(new Set(answers.map(({ body }) => JSON.stringify(body.changeIds))).size).toBe(1);
      expect(await events(name)).toHaveLength(1);
      await post(name, '{}', { [header]: 'delivery-2' });
      await post(other, '{}', { [header]: 'delivery-1' });
      expect([(await events(name)).length, (await events(other)).length]).toEqual([2, 1]);
    },
  );

  it('accept a delivery with the id of a delivery that was refused', async () => {
    const name = await make({ scheme: 'header', secrets: ['right'] });
    const send = (secret: string) => post(name, '{}', { 'X-Hook-Secret': secret, 'X-Delivery-Id': 'd' });
    expect((await send('wrong')).status).toBe(401);
    expect((await send('right')).status).toBe(202);
    expect(await events(name)).toHaveLength(1);
  });

  it('return the same response to a wrong secret as the API does for an unknown hook', async () => {
    const name = await make({ scheme: 'header', secrets: ['right'] });
    const wrong = await post(name, '{}', { 'X-Hook-Secret': 'wrong' });
    const unknown = await post('nobody', '{}', { 'X-Hook-Secret': 'wrong' });
    expect([unknown.status, unknown.text]).toEqual([wrong.status, wrong.text]);
    expect(wrong.status).toBe(401);
  });

  it('accept a signed request once, even if a copy has another delivery id', async () => {
    const name = await make({ scheme: 'timestamped', secrets: ['s'] });
    const headers = stamped('s', '{}');
    const first = await post(name, '{}', { ...headers, 'X-Delivery-Id': '1' });
    const copy = await post(name, '{}', { ...headers, 'X-Delivery-Id': '2' });
    expect([first.status, copy.status, copy.body]).toEqual([202, 202, first.body]);
    const respelled = headers['X-Signature'].replace(/v1=(.*)$/, (_, mac: string) => `v1=${mac.toUpperCase()}`);
    expect((await post(name, '{}', { 'X-Signature': respelled, 'X-Delivery-Id': '3' })).body).toEqual(first.body);
    expect(await events(name)).toHaveLength(1);
  });

  it('recognise a retry from GitLab by its Idempotency-Key, not by the event UUID, which recursive webhooks share', async () => {
    const name = await make({ scheme: 'gitlab', secrets: ['tok'] });
    const send = (key: string) =>
      post(name, '{}', { 'X-Gitlab-Token': 'tok', 'X-Gitlab-Event-UUID': 'same', 'Idempotency-Key': key });
    await send('a');
    await send('a');
    await send('b');
    expect(await events(name)).toHaveLength(2);
    expect(JSON.stringify(await events(name))).not.toContain('tok');
  });

  it('pass all headers to automations except credentials and hideHeaders', async () => {
    const name = await make({ scheme: 'none', hideHeaders: ['X-Internal'], deliveryHeader: 'X-Message-Id' });
    const headers = { 'X-Vendor-Event': 'opened', 'X-Internal': 'no', 'X-Api-Key': 'no', 'X-Message-Id': 'm1' };
    await post(name, '{}', headers);
    await post(name, '{"again":true}', headers);
    const [event, ...others] = await events(name);
    expect(others).toEqual([]);
    expect(event?.payload.headers).toMatchObject({ 'x-vendor-event': 'opened', 'x-message-id': 'm1' });
    expect(JSON.stringify(event?.payload.headers)).not.toContain('"no"');
  });

  it('keep the signature settings of the scheme hmac when one of them is changed', async () => {
    const name = await make({ scheme: 'hmac', secrets: ['k'], header: 'X-Sig', digest: 'sha1', prefix: 'sha1=' });
    const signature = `sha1=${createHmac('sha1', 'k').update('{}').digest('hex')}`;
    expect((await post(name, '{}', { 'X-Sig': signature })).status).toBe(202);
    const patched = await api.call('PATCH', `${BASE}/hooks/${name}`, { body: { prefix: 'v1=' } });
    expect(patched.body).toMatchObject({ scheme: 'hmac', header: 'X-Sig', digest: 'sha1', prefix: 'v1=' });
    expect((await post(name, '{}', { 'X-Sig': signature })).status).toBe(401);
  });

  it('are refused with a signature setting that their scheme does not have', async () => {
    const body = { name: 'odd', scheme: 'header', secrets: ['s'], digest: 'sha512' };
    const answer = await api.call('POST', `${BASE}/hooks`, { body });
    expect([answer.status, answer.body.errors]).toEqual([422, [expect.objectContaining({ path: 'digest' })]]);
  });

  describe('of GitHub and GitLab', () => {
    const typed = async (hook: string) =>
      api.rows<{ event: string; context_key: string; payload: Record<string, unknown> }>(
        `select event, context_key, payload from changes where entity_id = $1 and event <> 'automation.webhook' order by seq`,
        [hook],
      );
    const hookOf = async (scheme: string) => ({
      ...{ url: api.url, secret: 'canary-forge', name: await make({ scheme, secrets: ['canary-forge'] }) },
    });

    it('emit a specific event for each kind of webhook in addition to automation.webhook', async () => {
      const [github, gitlab] = [await hookOf('github'), await hookOf('gitlab')];
      for (const event of Object.keys(GITHUB_BODIES)) {
        const answer = await postAsGithub(github, event);
        expect([event, answer.status, (await answer.json()) as unknown]).toEqual([
          ...[event, 202, { accepted: 1, changeIds: [expect.any(String), expect.any(String)] }],
        ]);
      }
      for (const kind of Object.keys(GITLAB_BODIES)) expect((await postAsGitlab(gitlab, kind)).status).toBe(202);
      const keys = async (hook: string) => (await typed(hook)).map((row) => `${row.event} ${row.context_key}`);
      expect(await keys(github.name)).toEqual([
        ...['github.push acme/shop:refs/heads/main', 'github.pull_request acme/shop#7'],
        ...['github.pull_request_review acme/shop#7', 'github.issues acme/shop#7', 'github.issue_comment acme/shop#7'],
        ...['github.deployment acme/shop:production', 'github.deployment_status acme/shop:production'],
        ...['github.workflow_run acme/shop:CI', 'github.check_run acme/shop:lint', 'github.release acme/shop:v1'],
      ]);
      expect(await keys(gitlab.name)).toEqual([
        ...['gitlab.push acme/shop:refs/heads/main', 'gitlab.tag_push acme/shop:refs/tags/v1'],
        ...['gitlab.issue acme/shop#7', 'gitlab.note acme/shop#7', 'gitlab.merge_request acme/shop#7'],
        ...['gitlab.pipeline acme/shop:main', 'gitlab.build acme/shop:deploy'],
        ...['gitlab.deployment acme/shop:production', 'gitlab.release acme/shop:v1'],
      ]);
      expect((await events(github.name)).length).toBe(Object.keys(GITHUB_BODIES).length);
    });

    it("accept forms, and emit only automation.webhook if a body differs from the vendor's documentation", async () => {
      const github = await hookOf('github');
      await postAsGithub(github, 'push', { isForm: true });
      await postAsGithub(github, 'push', { more: { repository: null } });
      await postAsGithub(github, 'ping', { more: { zen: 'x' } });
      await postAsGithub(github, '__proto__');
      expect((await typed(github.name)).map(({ event }) => event)).toEqual(['github.push']);
      expect(await events(github.name)).toHaveLength(4);
    });

    it('emit one event for a repeated delivery, and an event for each of the webhooks that share an event UUID', async () => {
      const [github, gitlab] = [await hookOf('github'), await hookOf('gitlab')];
      for (let time = 1; time <= 2; time += 1) {
        await postAsGithub(github, 'push', { id: 'd1' });
        await postAsGitlab(gitlab, 'push', { id: 'k1' });
      }
      expect([(await typed(github.name)).length, (await typed(gitlab.name)).length]).toEqual([1, 1]);
      for (const kind of ['push', 'issue', 'pipeline']) await postAsGitlab(gitlab, kind, { chain: 'c1' });
      expect(await typed(gitlab.name)).toHaveLength(4);
    });
  });
});
