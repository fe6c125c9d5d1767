import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { startEngine, type Engine } from '../support/engine';
import type { FermataProcess } from '../support/process';
import { runSteps } from '../support/run-steps';
import { startTeamsServer } from '../support/vendors/teams-server';
import { startWebexServer } from '../support/vendors/webex-server';

const BOT_TOKEN = 'canary-bot-token';
const PASSWORD = 'canary-mail-password';

describe('notifications and their channels', () => {
  let engine: Engine;
  let api: { url: string };
  let worker: FermataProcess;
  let teams: Awaited<ReturnType<typeof startTeamsServer>>;
  let webex: Awaited<ReturnType<typeof startWebexServer>>;
  let smtp: SMTPServer;
  const mails: string[] = [];
  const ids: Record<string, string> = {};

  const request = (method: string, path: string, body?: unknown) => engine.request(api, method, path, body);
  const connect = async (type: string, config: Record<string, unknown>) => {
    const { status, body } = await request('POST', '/connections', { name: type, type, config });
    expect({ status, shown: JSON.stringify(body).includes('canary') }).toEqual({ status: 201, shown: false });
    return String(body['id']);
  };
  const run = (type: string, steps: string) => runSteps(engine, type, steps);

  beforeAll(async () => {
    [engine, teams, webex] = [await startEngine(), await startTeamsServer(), await startWebexServer(BOT_TOKEN)];
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
    worker = await engine.worker();
    ids['teams'] = await connect('teams', { workflowUrl: teams.workflowUrl });
    ids['webex'] = await connect('webex', { botToken: BOT_TOKEN, baseUrl: webex.url });
    ids['webhook'] = await connect('webhook', {
      baseUrl: `${engine.receiver.url}/note`,
      headers: { 'X-Key': 'canary-header' },
    });
    const { port } = smtp.server.address() as AddressInfo;
    ids['smtp'] = await connect('smtp', {
      host: '127.0.0.1',
      port,
      user: 'ops@example.org',
      password: PASSWORD,
      tls: 'none',
    });
  }, 360_000);
  beforeEach(() => {
    engine.receiver.reset();
    teams.requests.splice(0);
    teams.cards.splice(0);
    webex.requests.splice(0);
    mails.splice(0);
  });
  afterAll(async () => {
    await engine.close();
    await Promise.all([teams.close(), webex.close(), new Promise<void>((resolve) => smtp.close(resolve))]);
  });

  test('connections report whether they work, and list their options', async () => {
    for (const [type, message] of Object.entries({
      teams: 'accepted a test message',
      webex: 'Fermata bot',
      webhook: 'answers',
      smtp: 'accepts mail from ops@example.org',
    })) {
      const { body } = await request('POST', `/connections/${ids[type] ?? ''}/test`);
      expect(body).toEqual({ ok: true, message: expect.stringContaining(message) as string });
    }
    const choices = async (type: string, path: string) =>
      (await request('GET', `/connections/${ids[type] ?? ''}/options/${path}`)).body['items'];
    expect(await choices('webex', 'roomId')).toEqual([{ value: 'R1', label: 'War room' }]);
    const bad = await connect('webex', { botToken: 'canary-wrong-token', baseUrl: webex.url });
    const { body } = await request('POST', `/connections/${bad}/test`);
    expect(body).toMatchObject({ ok: false, message: expect.stringContaining('valid access token') as string });
    const wrong = await connect('teams', { workflowUrl: teams.workflowUrl.replace('signature', 'other') });
    const refused = (await request('POST', `/connections/${wrong}/test`)).body;
    expect(refused).toMatchObject({ ok: false, code: 'http_status' });
    expect(JSON.stringify(refused)).toContain('must be authenticated');
    expect(JSON.stringify(refused)).not.toContain('canary');
  }, 180_000);

  test('a card is posted to the workflow of a Teams connection, and retried after Retry-After', async () => {
    const tooMany = { error: { code: 'TooManyRequests', message: 'Slow down' } };
    teams.failures.push({ status: 429, headers: { 'retry-after': '1' }, body: tooMany });
    const { run: ended, steps } = await run(
      'teams',
      `  - { id: post, action: integration-teams.post_message, config: { connectionId: ${ids['teams'] ?? ''}, teamId: T1, channelId: C1, title: Down, body: "**db** is down" } }
  - variables: { message: "{{ artifacts.post.message }}" }`,
    );
    expect(ended?.status).toBe('success');
    expect(steps[1]?.result).toEqual({ message: { messageId: null, accepted: true } });
    expect(steps[0]?.['trace']).toMatchObject({
      warnings: [expect.stringContaining('teamId and channelId were ignored')],
    });
    expect(teams.cards).toEqual([
      expect.objectContaining({
        ...{ type: 'AdaptiveCard', version: '1.4' },
        body: [expect.objectContaining({ text: 'Down' }), expect.objectContaining({ text: '**db** is down' })],
      }),
    ]);
    const long = await run(
      'teams.long',
      `  - { action: integration-teams.post_message, config: { connectionId: ${ids['teams'] ?? ''}, body: "${'ü'.repeat(20_000)}" } }`,
    );
    expect(long.run?.status).toBe('success');
    expect(long.steps[0]?.['trace']).toMatchObject({ warnings: [expect.stringContaining('The text was cut')] });
    expect([teams.cards.length, teams.lost]).toEqual([2, []]);
    const delivery = 'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413';
    teams.failures.push({ status: 200, body: delivery });
    const refused = await run(
      'teams.connector',
      `  - { action: integration-teams.post_message, config: { connectionId: ${ids['teams'] ?? ''}, body: x } }`,
    );
    expect(refused.steps[0]?.error).toMatchObject({
      code: 'http_status',
      message: expect.stringContaining('413') as string,
    });
    expect(refused.steps[0]?.attempts).toBe(1);
  }, 180_000);

  test('a Teams connection with an application can be saved, and reports that it cannot post', async () => {
    const config = { tenantId: 'tenant', clientId: 'app', clientSecret: 'canary-client-secret' };
    const old = await connect('teams', { ...config, loginUrl: teams.url, graphUrl: teams.url });
    const { body } = await request('POST', `/connections/${old}/test`);
    expect(body).toMatchObject({ ok: false, code: 'teams_app_only' });
    const unsaved = await request('POST', '/connections/test', { type: 'teams', config });
    expect(unsaved.body).toMatchObject({ ok: false, code: 'teams_app_only' });
    const posts = await run(
      'teams.app',
      `  - { action: integration-teams.post_message, config: { connectionId: ${old}, teamId: T1, channelId: C1, body: x }, continue_on_error: true }
  - { action: notification.send, config: { channel: ${old}, title: x, body: x }, continue_on_error: true }`,
    );
    expect(posts.steps.map(({ error, attempts }) => [error?.code, attempts])).toEqual([
      ['teams_app_only', 1],
      ['teams_app_only', 1],
    ]);
    expect(teams.requests).toEqual([]);
  }, 180_000);

  test('Markdown is posted to a room in Webex, and retried after a failure of Webex', async () => {
    webex.failures.push({ status: 503, body: { message: 'Try later' } });
    const { run: ended, steps } = await run(
      'webex',
      `  - { id: post, action: integration-webex.post_message, config: { connectionId: ${ids['webex'] ?? ''}, roomId: R1, markdown: "**down**" }, retry: { initial_seconds: 0.2 } }
  - variables: { room: "{{ artifacts.post.message.roomId }}" }`,
    );
    expect(ended?.status).toBe('success');
    expect(steps[1]?.result).toEqual({ room: 'R1' });
    expect(JSON.parse(webex.requests.at(-1)?.body ?? '')).toEqual({ roomId: 'R1', markdown: '**down**' });
  }, 180_000);

  test("texts for Webex are cut to Webex's limit between characters, and the step has a warning", async () => {
    const { run: ended, steps } = await run(
      'webex.long',
      [
        `integration-webex.post_message, config: { connectionId: ${ids['webex'] ?? ''}, roomId: R1, markdown: "${'ü'.repeat(4_000)}" }`,
        `notification.send, config: { channel: ${ids['webex'] ?? ''}, to: R1, title: t, body: "${'x'.repeat(10_000)}" }`,
      ]
        .map((step) => `  - { action: ${step} }`)
        .join('\n'),
    );
    expect(ended?.status).toBe('success');
    const sent = webex.requests.map(({ body }) => (JSON.parse(body) as { markdown: string }).markdown);
    expect(sent.map((text) => [Buffer.byteLength(text), text.endsWith('…')])).toEqual([
      [7_439, true],
      [7_439, true],
    ]);
    for (const step of steps) {
      expect(step['trace']).toMatchObject({ warnings: [expect.stringContaining('Webex accepts at most')] });
    }
  }, 180_000);

  test('notification.send sends through every type of channel, and causes the event notification.delivered', async () => {
    const reported = await engine.save(`
name: Delivered
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
        send('teams', ''),
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
    const runs = await engine.ended(4, reported);
    expect(
      runs.map((one) => (one['trigger_scope'] as { payload: { strategy: string } }).payload.strategy).sort(),
    ).toEqual(['smtp', 'teams', 'webex', 'webhook']);
    const { body } = await request('GET', '/notifications');
    expect((body['items'] as { status: string; title: string }[]).filter(({ title }) => title === 'Down')).toHaveLength(
      4,
    );
  }, 180_000);

  test('a step refers to its connection by id or name; a name shared by two connections is an error', async () => {
    const config = { baseUrl: engine.receiver.url };
    const create = (name: string) => request('POST', '/connections', { name, type: 'webhook', config });
    const { body: pager } = await create('pager');
    const send = (channel: string) =>
      `  - { action: notification.send, config: { channel: ${channel}, title: By name, body: b }, continue_on_error: true }`;
    const { steps } = await run('named', [send('pager'), send('"no such"')].join('\n'));
    expect(steps.map(({ status, error }) => ({ status, error }))).toEqual([
      { status: 'success', error: null },
      { status: 'failed', error: expect.objectContaining({ message: 'Connection "no such" not found.' }) },
    ]);
    const { body } = await request('GET', '/notifications');
    const sent = (body['items'] as { title: string }[]).find(({ title }) => title === 'By name');
    expect(sent).toMatchObject({ connectionId: pager['id'] });
    await create('pager');
    const again = await run('named twice', send('pager'));
    expect(again.steps[0]).toMatchObject({
      error: { message: expect.stringContaining('More than one connection has the name "pager"') },
    });
  }, 180_000);

  test('notification.send retries only the recipients that it has not reached, and fails if one remains', async () => {
    const seen: Record<string, string[]> = {};
    engine.receiver.answerWith(({ key, body }, response) => {
      const { to } = JSON.parse(body) as { to: string };
      const keys = (seen[to] ??= []);
      keys.push(key);
      response.writeHead(to === 'never' || (to === 'later' && keys.length < 2) ? 503 : 200).end();
    });
    const send = (to: string) =>
      `  - { action: notification.send, config: { channel: ${ids['webhook'] ?? ''}, to: ${to}, title: t, body: b }, retry: { max_attempts: 3, initial_seconds: 0.1 } }`;
    const some = await run('notify.some', send('[first, later]'));
    expect(some.run?.status).toBe('success');
    expect(some.steps[0]).toMatchObject({
      attempts: 2,
      result: {
        deliveredCount: 2,
        results: [
          { to: 'first', ok: true },
          { to: 'later', ok: true },
        ],
      },
    });
    expect(Object.values(seen).map((keys) => [keys.length, new Set(keys).size])).toEqual([
      [1, 1],
      [2, 1],
    ]);
    const left = await run('notify.left', send('[second, never]'));
    expect(left.run).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('never not reached') as string },
    });
    expect(left.steps[0]).toMatchObject({
      attempts: 3,
      result: {
        deliveredCount: 1,
        results: [
          { to: 'second', ok: true },
          { to: 'never', ok: false },
        ],
      },
    });
    expect([seen['second']?.length, seen['never']?.length]).toEqual([1, 3]);
  }, 180_000);

  test('a worker that is killed between two recipients does not notify the first one again', async () => {
    let workers: FermataProcess[] = [];
    const seen: string[] = [];
    engine.receiver.answerWith(async ({ body }, response) => {
      const { to } = JSON.parse(body) as { to: string };
      seen.push(to);
      if (to === 'killer' && seen.filter((one) => one === to).length === 1) {
        await Promise.all(workers.map((worker) => worker.stop('SIGKILL')));
        workers = [];
        response.destroy();
        await engine.worker();
      } else response.end();
    });
    workers = [worker];
    const { run: ended, steps } = await run(
      'notify.killed',
      `  - { action: notification.send, config: { channel: ${ids['webhook'] ?? ''}, to: [reached, killer], title: t, body: b } }`,
    );
    expect(ended?.status).toBe('success');
    expect(seen).toEqual(['reached', 'killer', 'killer']);
    expect(steps[0]?.result).toMatchObject({ deliveredCount: 2 });
  }, 360_000);

  test('notification.send is suppressed by an incident or maintenance of the system', async () => {
    for (const id of ['calm', 'quiet']) await request('POST', '/systems', { id, name: id });
    const incident = await request('POST', '/incidents', {
      ...{ title: 'Known', severity: 'minor', systemIds: ['quiet'], suppressNotifications: true },
    });
    const id = await engine.save(`
name: Suppressed
mode: parallel
triggers: [{ event: automation.event, config: { type: suppressed } }]
actions:
  - { id: a, action: notification.send, config: { channel: ${ids['webhook'] ?? ''}, title: t, body: b } }
  - { id: b, action: notification.send, config: { channel: ${ids['webhook'] ?? ''}, title: t, body: b, ignoreSuppression: true } }
`);
    await engine.emit('suppressed', {}, { subject: 'quiet' });
    await engine.emit('suppressed', {}, { subject: 'calm' });
    const runs = await engine.ended(2, id, 60_000);
    const results = await Promise.all(
      runs.map(async (one) => (await engine.steps(one.id)).map(({ result }) => result as Record<string, unknown>)),
    );
    const quiet = runs.findIndex(({ context_key: key }) => key === 'quiet');
    expect(results[quiet]).toMatchObject([
      { deliveredCount: 0, results: [], suppressed: { by: 'incident', id: incident.body['id'] } },
      { deliveredCount: 1 },
    ]);
    expect(results[1 - quiet]).toMatchObject([{ deliveredCount: 1 }, { deliveredCount: 1 }]);
    const { rows } = await engine.database.pool.query<{ count: number }>(
      `select count(*)::int as count from notifications where run_id = any($1)`,
      [runs.map((one) => one.id)],
    );
    expect(rows[0]?.count).toBe(3);
  }, 180_000);

  test('notification.failed names the recipients that were not reached', async () => {
    const failed = await engine.save(`
name: Failed
mode: parallel
triggers: [{ event: notification.failed }]
actions: [{ action: automation.log, config: { message: "{{ trigger.payload.errorMessage }}" } }]
`);
    const some = await run(
      'notify.mail',
      `  - { action: automation.notify_user, config: { channel: ${ids['smtp'] ?? ''}, to: "nobody@example.org, ada@example.org", title: t, body: b } }`,
    );
    expect(some.run).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('No such mailbox') as string },
    });
    expect(some.steps[0]?.result).toMatchObject({
      deliveredCount: 1,
      results: [{ ok: false, error: expect.stringContaining('No such mailbox') as string }, { ok: true }],
    });
    const [reported] = await engine.ended(1, failed);
    expect((reported?.['trigger_scope'] as { payload: Record<string, unknown> }).payload).toMatchObject({
      strategy: 'smtp',
      errorMessage: expect.stringContaining('No such mailbox') as string,
    });
    const none = await run(
      'notify.to',
      `  - { action: notification.send, config: { channel: ${ids['webex'] ?? ''}, title: t, body: b } }`,
    );
    expect(none.run).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('needs "to"') as string },
    });
  }, 180_000);
});
