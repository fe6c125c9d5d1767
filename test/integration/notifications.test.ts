import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { startEngine, type Engine } from '../support/engine';
import { startVendorServer, type VendorAnswer, type VendorRequest } from '../support/vendor-server';

const CLIENT_SECRET = 'canary-client-secret';
const BOT_TOKEN = 'canary-bot-token';
const PASSWORD = 'canary-mail-password';

describe('notifications and the products that carry them', () => {
  let engine: Engine;
  let api: { url: string };
  let graph: Awaited<ReturnType<typeof startVendorServer>>;
  let webex: Awaited<ReturnType<typeof startVendorServer>>;
  let smtp: SMTPServer;
  const mails: string[] = [];
  const failGraph: VendorAnswer[] = [];
  const failWebex: VendorAnswer[] = [];
  let tokens = 0;
  const ids: Record<string, string> = {};

  const answerGraph = ({ method, path, headers, body }: VendorRequest): VendorAnswer => {
    if (path === '/tenant/oauth2/v2.0/token') {
      const form = new URLSearchParams(body);
      if (form.get('client_secret') !== CLIENT_SECRET) {
        return {
          status: 401,
          body: {
            error: 'invalid_client',
            error_description: `AADSTS7000215: Invalid client secret ${form.get('client_secret') ?? ''}`,
          },
        };
      }
      tokens += 1;
      return { status: 200, body: { token_type: 'Bearer', expires_in: 3599, access_token: `graph-token-${tokens}` } };
    }
    if (headers['authorization'] !== `Bearer graph-token-${tokens}`) {
      return {
        status: 401,
        body: { error: { code: 'InvalidAuthenticationToken', message: 'Lifetime validation failed.' } },
      };
    }
    const failure = failGraph.shift();
    if (failure) return failure;
    if (path.startsWith('/v1.0/teams?')) return { status: 200, body: { value: [{ id: 'T1', displayName: 'Ops' }] } };
    if (path.startsWith('/v1.0/teams/T1/channels?'))
      return { status: 200, body: { value: [{ id: 'C1', displayName: 'Alerts' }] } };
    if (method === 'POST' && path === '/v1.0/teams/T1/channels/C1/messages')
      return { status: 201, body: { id: '1700000000' } };
    return { status: 404, body: { error: { code: 'NotFound', message: 'No team found with Group id.' } } };
  };
  const answerWebex = ({ method, path, headers, body }: VendorRequest): VendorAnswer => {
    if (headers['authorization'] !== `Bearer ${BOT_TOKEN}`)
      return {
        status: 401,
        body: {
          message: 'The request requires a valid access token set in the Authorization request header.',
          trackingId: 'x',
        },
      };
    const failure = failWebex.shift();
    if (failure) return failure;
    if (path === '/v1/people/me') return { status: 200, body: { id: 'b', displayName: 'Fermata bot' } };
    if (path.startsWith('/v1/rooms?')) return { status: 200, body: { items: [{ id: 'R1', title: 'War room' }] } };
    if (method === 'POST' && path === '/v1/messages')
      return { status: 200, body: { id: 'M1', roomId: (JSON.parse(body) as { roomId?: string }).roomId ?? 'direct' } };
    return { status: 404, body: { message: 'The requested resource could not be found.' } };
  };

  const request = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${api.url}/api/v1${path}`, {
      method,
      headers: { authorization: engine.authorization, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json().catch(() => null)) as Record<string, unknown> };
  };
  const connect = async (type: string, config: Record<string, unknown>) => {
    const { status, body } = await request('POST', '/connections', { name: type, type, config });
    expect({ status, shown: JSON.stringify(body).includes('canary') }).toEqual({ status: 201, shown: false });
    return String(body['id']);
  };
  const run = async (type: string, steps: string) => {
    const id = await engine.save(`
name: ${type}
mode: parallel
triggers: [{ event: automation.event, config: { type: ${type} } }]
actions:
${steps}
`);
    await engine.emit(type);
    const [ended] = await engine.ended(1, id, 60_000);
    return { run: ended, steps: await engine.steps(ended?.id ?? '') };
  };

  beforeAll(async () => {
    [engine, graph, webex] = [
      await startEngine(),
      await startVendorServer(answerGraph),
      await startVendorServer(answerWebex),
    ];
    smtp = new SMTPServer({
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: ({ password }, _session, callback) =>
        password === PASSWORD ? callback(null, { user: 'ops' }) : callback(new Error('Invalid login')),
      onRcptTo: ({ address }, _session, callback) =>
        address.startsWith('nobody')
          ? callback(Object.assign(new Error('No such mailbox'), { responseCode: 550 }))
          : callback(),
      onData: (stream, _session, callback) => void text(stream).then((mail) => (mails.push(mail), callback())),
    });
    await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
    api = await engine.api();
    await engine.worker();
    ids['teams'] = await connect('teams', {
      tenantId: 'tenant',
      clientId: 'app',
      clientSecret: CLIENT_SECRET,
      loginUrl: graph.url,
      graphUrl: graph.url,
    });
    ids['webex'] = await connect('webex', { botToken: BOT_TOKEN, baseUrl: webex.url });
    ids['webhook'] = await connect('webhook', {
      baseUrl: `${engine.receiver.url}/note`,
      headers: { 'X-Key': 'canary-header' },
    });
    const { port } = smtp.server.address() as AddressInfo;
    ids['smtp'] = await connect('smtp', { host: '127.0.0.1', port, user: 'ops@example.org', password: PASSWORD });
  }, 120_000);
  beforeEach(() => {
    engine.receiver.received.splice(0);
    engine.receiver.answerWith((_received, response) => void response.end('ok'));
    graph.requests.splice(0);
    webex.requests.splice(0);
    mails.splice(0);
  });
  afterAll(async () => {
    await engine.close();
    await Promise.all([graph.close(), webex.close(), new Promise<void>((resolve) => smtp.close(resolve))]);
  });

  test('connections tell whether they work, and what can be chosen', async () => {
    for (const [type, message] of Object.entries({
      teams: 'sees the team Ops',
      webex: 'Fermata bot',
      webhook: 'answers',
      smtp: 'takes mail from ops@example.org',
    })) {
      const { body } = await request('POST', `/connections/${ids[type] ?? ''}/test`);
      expect(body).toEqual({ ok: true, message: expect.stringContaining(message) as string });
    }
    const choices = async (type: string, path: string) =>
      (await request('GET', `/connections/${ids[type] ?? ''}/options/${path}`)).body['items'];
    expect(await choices('teams', 'teamId')).toEqual([{ value: 'T1', label: 'Ops' }]);
    expect(await choices('teams', 'channelId?teamId=T1')).toEqual([{ value: 'C1', label: 'Alerts' }]);
    expect(await choices('webex', 'roomId')).toEqual([{ value: 'R1', label: 'War room' }]);
    const bad = await connect('webex', { botToken: 'canary-wrong-token', baseUrl: webex.url });
    const { body } = await request('POST', `/connections/${bad}/test`);
    expect(body).toMatchObject({ ok: false, message: expect.stringContaining('valid access token') as string });
    const wrong = await connect('teams', {
      tenantId: 'tenant',
      clientId: 'app',
      clientSecret: 'canary-wrong-secret',
      loginUrl: graph.url,
      graphUrl: graph.url,
    });
    const refused = (await request('POST', `/connections/${wrong}/test`)).body;
    expect(refused).toMatchObject({
      ok: false,
      message: expect.stringContaining('Invalid client secret ****') as string,
    });
  }, 60_000);

  test('a card goes to a channel of Teams, again after Retry-After, and with a new token when the old one is refused', async () => {
    failGraph.push({
      status: 429,
      headers: { 'retry-after': '1' },
      body: { error: { code: 'TooManyRequests', message: 'Slow down' } },
    });
    const { run: ended, steps } = await run(
      'teams',
      `  - { id: post, action: integration-teams.post_message, config: { connectionId: ${ids['teams'] ?? ''}, teamId: T1, channelId: C1, title: Down, body: "**db** is down" } }
  - variables: { id: "{{ artifacts.post.message.messageId }}" }`,
    );
    expect(ended?.status).toBe('success');
    expect(steps[1]?.result).toEqual({ id: '1700000000' });
    const posted = JSON.parse(graph.requests.at(-1)?.body ?? '') as {
      attachments: { contentType: string; content: string }[];
    };
    expect(posted.attachments[0]?.contentType).toBe('application/vnd.microsoft.card.adaptive');
    expect(JSON.parse(posted.attachments[0]?.content ?? '')).toMatchObject({
      type: 'AdaptiveCard',
      version: '1.4',
      body: [{ text: 'Down' }, { text: '**db** is down' }],
    });
    tokens += 1;
    const again = await run(
      'teams.token',
      `  - { action: integration-teams.post_message, config: { connectionId: ${ids['teams'] ?? ''}, teamId: T1, channelId: C1, body: x } }`,
    );
    expect(again.run?.status).toBe('success');
    const gone = await run(
      'teams.gone',
      `  - { action: integration-teams.post_message, config: { connectionId: ${ids['teams'] ?? ''}, teamId: T9, channelId: C1, body: x } }`,
    );
    expect(gone.run).toMatchObject({
      status: 'failed',
      error: { status: 404, message: expect.stringContaining('No team found') as string },
    });
  }, 60_000);

  test('Markdown goes to a room of Webex, again after a failure of its own', async () => {
    failWebex.push({ status: 503, body: { message: 'Try later' } });
    const { run: ended, steps } = await run(
      'webex',
      `  - { id: post, action: integration-webex.post_message, config: { connectionId: ${ids['webex'] ?? ''}, roomId: R1, markdown: "**down**" }, retry: { initial_seconds: 0.2 } }
  - variables: { room: "{{ artifacts.post.message.roomId }}" }`,
    );
    expect(ended?.status).toBe('success');
    expect(steps[1]?.result).toEqual({ room: 'R1' });
    expect(JSON.parse(webex.requests.at(-1)?.body ?? '')).toEqual({ roomId: 'R1', markdown: '**down**' });
  }, 60_000);

  test('notification.send tells people through every type of channel, and says so to automations', async () => {
    const told = await engine.save(`
name: Told
mode: parallel
triggers: [{ event: notification.delivered }]
actions: [{ action: automation.log, config: { message: "{{ trigger.payload.strategy }}" } }]
`);
    const send = (channel: string, to: string) =>
      `  - { id: ${channel}, action: notification.send, config: { channel: ${ids[channel] ?? ''}, ${to} title: Down, body: db is down, importance: critical, actionLabel: Look, actionUrl: "https://x.example/run" } }`;
    const { run: ended, steps } = await run(
      'notify',
      [
        send('smtp', 'to: "a@example.org, b@example.org",'),
        send('teams', 'to: T1/C1,'),
        send('webex', 'to: [R1, ada@example.org],'),
        send('webhook', ''),
      ].join('\n'),
    );
    expect(ended?.status).toBe('success');
    expect(steps.map(({ result }) => (result as { deliveredCount: number }).deliveredCount)).toEqual([2, 1, 2, 1]);
    expect(mails).toHaveLength(2);
    expect(mails[0]).toContain('Subject: Down');
    expect(mails[0]).toContain('Look: https://x.example/run');
    expect(mails[0]).toMatch(/Message-ID: <[0-9a-f]{40}@fermata\.invalid>/i);
    expect(webex.requests.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      expect.objectContaining({ roomId: 'R1' }),
      expect.objectContaining({ toPersonEmail: 'ada@example.org' }),
    ]);
    const [posted] = engine.receiver.received;
    expect(posted?.headers['x-key']).toBe('canary-header');
    expect(JSON.parse(posted?.body ?? '')).toMatchObject({ title: 'Down', importance: 'critical' });
    const runs = await engine.ended(4, told);
    expect(
      runs.map((one) => (one['trigger_scope'] as { payload: { strategy: string } }).payload.strategy).sort(),
    ).toEqual(['smtp', 'teams', 'webex', 'webhook']);
    const { body } = await request('GET', '/notifications');
    expect((body['items'] as { status: string; title: string }[]).filter(({ title }) => title === 'Down')).toHaveLength(
      4,
    );
  }, 60_000);

  test('notification.send keeps who could not be told; it fails when that is everybody, and says so', async () => {
    const failed = await engine.save(`
name: Failed
mode: parallel
triggers: [{ event: notification.failed }]
actions: [{ action: automation.log, config: { message: "{{ trigger.payload.errorMessage }}" } }]
`);
    const some = await run(
      'notify.some',
      `  - { action: automation.notify_user, config: { channel: ${ids['smtp'] ?? ''}, to: "nobody@example.org, ada@example.org", title: t, body: b } }`,
    );
    expect(some.run?.status).toBe('success');
    expect(some.steps[0]?.result).toMatchObject({
      deliveredCount: 1,
      results: [{ delivered: false, error: expect.stringContaining('No such mailbox') as string }, { delivered: true }],
    });
    const none = await run(
      'notify.none',
      `  - { action: notification.send, config: { channel: ${ids['smtp'] ?? ''}, to: nobody@example.org, title: t, body: b } }`,
    );
    expect(none.run).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('No such mailbox') as string },
    });
    const [told] = await engine.ended(1, failed);
    expect((told?.['trigger_scope'] as { payload: Record<string, unknown> }).payload).toMatchObject({
      strategy: 'smtp',
      errorMessage: expect.stringContaining('No such mailbox') as string,
    });
    const jira = await run(
      'notify.to',
      `  - { action: notification.send, config: { channel: ${ids['teams'] ?? ''}, title: t, body: b } }`,
    );
    expect(jira.run).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('needs "to"') as string },
    });
  }, 60_000);

  test('mail goes to public or allowed addresses only', async () => {
    const inside = await connect('smtp', { host: '10.1.2.3', port: 25, user: 'ops@example.org', password: PASSWORD });
    const { body } = await request('POST', `/connections/${inside}/test`);
    expect(body).toMatchObject({ ok: false, message: expect.stringContaining('10.1.2.3') as string });
  }, 60_000);
});
