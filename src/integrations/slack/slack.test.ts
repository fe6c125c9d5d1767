import { createActionRunner } from '../../../test/support/run-action';
import { startSlackServer } from '../../../test/support/vendors/slack-server';

const TOKEN = 'xoxb-canary';
let server: Awaited<ReturnType<typeof startSlackServer>>;
let runner: ReturnType<typeof createActionRunner>;
beforeEach(async () => {
  server = await startSlackServer(TOKEN);
  runner = createActionRunner('slack', { botToken: TOKEN, signingSecret: 'canary-signing', baseUrl: server.url });
});
afterEach(() => server.close());

const post = (config: Record<string, unknown>, options = {}) =>
  runner.run('integration-slack.post_message', { channel: '#ops', text: 'Down', ...config }, options);

it('has a connection test and lists channels', async () => {
  expect(await runner.test()).toBe('Connected to Acme as fermata.');
  expect(await runner.options('channel')).toEqual([
    { value: 'C0OPS', label: '#ops' },
    { value: 'C0RND', label: '#random' },
  ]);
  const wrong = createActionRunner('slack', { botToken: 'xoxb-wrong', baseUrl: server.url });
  await expect(wrong.test()).rejects.toThrow('the token is wrong or was revoked');
});

it('posts, replies in a thread, updates and reacts once', async () => {
  const { artifact } = await post({ blocks: [{ type: 'divider' }] });
  expect(artifact).toEqual({ channel: 'C0OPS', ts: expect.any(String) as string, updated: false });
  await post({ text: 'Looking', threadTs: artifact?.['ts'] }, { idempotencyKey: 'run-1:actions[1]' });
  expect(server.messages[1]).toMatchObject({ text: 'Looking', thread_ts: artifact?.['ts'] });
  const consumed = artifact as Record<string, unknown>;
  const updated = await runner.run('integration-slack.update_message', { text: 'Up' }, { consumed });
  expect(updated.artifact).toEqual({ ...consumed, updated: true });
  for (const name of ['eyes', ':eyes:']) {
    await runner.run('integration-slack.add_reaction', { name }, { consumed });
  }
  expect(server.messages[0]).toMatchObject({ text: 'Up', reactions: ['eyes'] });
});

it('finds the message of an attempt that was killed, even in a channel given by name', async () => {
  await post({});
  await post({}, { attempt: 2 });
  expect(server.messages).toHaveLength(1);
  await post({ channel: 'C0OPS' }, { attempt: 2, idempotencyKey: 'another' });
  expect(server.messages).toHaveLength(2);
});

it('finds the message of an attempt that was killed in a thread with more replies than one page', async () => {
  const { artifact } = await post({});
  const reply = { channel: 'C0OPS', threadTs: artifact?.['ts'] };
  for (let n = 0; n < 150; n += 1) await post(reply, { idempotencyKey: `reply ${n}` });
  const before = server.messages.length;
  await post(reply, { attempt: 2, idempotencyKey: 'reply 149' });
  expect(server.messages).toHaveLength(before);
  await post(reply, { attempt: 2, idempotencyKey: 'another' });
  expect(server.messages).toHaveLength(before + 1);
});

it('posts with a note if it may not search for an earlier message', async () => {
  server.failures.push({ status: 200, body: { ok: false, error: 'missing_scope', needed: 'channels:history' } });
  await post({ channel: 'C0OPS' }, { attempt: 2 });
  expect(server.messages).toHaveLength(1);
  expect(runner.notes).toEqual([expect.stringContaining('missing_scope (channels:history)')]);
});

it('replaces the message with the same key, and posts again if that message was deleted', async () => {
  const first = await post({ replaceKey: 'INC-1' });
  const second = await post({ text: 'Still down', replaceKey: 'INC-1' }, { idempotencyKey: 'run-2:actions[0]' });
  expect(second.artifact).toEqual({ ...first.artifact, updated: true });
  expect(server.messages.map(({ text }) => text)).toEqual(['Still down']);
  server.messages.splice(0);
  const third = await post({ replaceKey: 'INC-1' }, { idempotencyKey: 'run-3:actions[0]' });
  expect(third.artifact).toMatchObject({ updated: false });
});

it.each([
  ['#nowhere', 'channel_not_found'],
  ['#random', 'invite the bot to the channel'],
])('fails without a retry in %s', async (channel, message) => {
  await expect(post({ channel })).rejects.toMatchObject({
    retryable: false,
    message: expect.stringContaining(message) as string,
  });
});

it('is retried after Retry-After and after temporary errors', async () => {
  server.failures.push({ status: 429, headers: { 'retry-after': '30' }, body: { ok: false, error: 'ratelimited' } });
  await expect(post({})).rejects.toMatchObject({ retryable: true, retryAfterMs: 30_000, status: 429 });
  server.failures.push({ status: 200, body: { ok: false, error: 'service_unavailable' } });
  await expect(post({})).rejects.toMatchObject({ retryable: true });
});

it("cuts texts, blocks and topics to Slack's limits", async () => {
  const section = { type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(4_000) } };
  await post({ text: 'ü'.repeat(50_000), blocks: Array.from({ length: 60 }, () => section) });
  expect(server.messages[0]?.text).toHaveLength(40_000);
  expect(server.messages[0]?.blocks).toHaveLength(50);
  await runner.run('integration-slack.set_topic', { channel: 'C0OPS', topic: 't'.repeat(300) });
  expect(server.channels[0]?.topic).toHaveLength(250);
  expect(runner.notes).toContain('topic was cut: it has 300 characters, and Slack accepts at most 250.');
});

it('creates a channel, or uses the existing one with that name', async () => {
  const open = (name: string) => runner.run('integration-slack.open_channel', { name });
  expect((await open('ops')).artifact).toEqual({ id: 'C0OPS' });
  const made = await open('Incident 7: DB');
  expect((await open('incident-7-db')).artifact).toEqual(made.artifact);
  expect(runner.notes).toEqual(['The channel is called incident-7-db: Slack accepts no other characters.']);
});

it('uploads a file once, even if the first attempt was killed before sharing it', async () => {
  const upload = (attempt: number) =>
    runner.run('integration-slack.upload_file', { channel: 'C0OPS', filename: 'log.txt', content: 'ü' }, { attempt });
  server.failures.push({ status: 200, body: { ok: true, upload_url: `${server.url}/upload/F1`, file_id: 'F1' } });
  server.files.push({ id: 'F1', content: '' });
  server.failures.push({ status: 503, body: {} });
  await expect(upload(1)).rejects.toMatchObject({ retryable: true });
  expect((await upload(2)).artifact).toEqual({ id: 'F1' });
  expect(server.files).toEqual([{ id: 'F1', content: 'ü', channel: 'C0OPS' }]);
});

it('notifies by editing the message with the same key, even if another step posted it', async () => {
  const first = await runner.notify({ replaceKey: 'INC-7' }, 'C0OPS');
  const keyed = { idempotencyKey: 'run-2:actions[0]' };
  expect(await runner.notify({ title: 'Up again', replaceKey: 'INC-7' }, 'C0OPS', keyed)).toBe(first);
  expect(server.messages.map(({ text }) => text)).toEqual(['*Up again*\ndb']);
});

it("notifies a channel, with Slack's special characters escaped", async () => {
  const message = { title: 'A <b> & c', body: 'x', actionUrl: 'https://x.example' };
  await runner.notify(message, '#ops');
  await runner.notify(message, '#ops', { attempt: 2 });
  expect(server.messages.map(({ text }) => text)).toContain('*A &lt;b&gt; &amp; c*\nx\n<https://x.example|Open>');
});
