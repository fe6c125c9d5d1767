import { postAsSlack, slackButton, slackCommand, slackEvent } from '../support/vendors/slack-sender';
import { BASE, startApiHarness, type ApiHarness } from './api-harness';

const secret = 'canary-signing-secret';

describe('requests from Slack', () => {
  let api: ApiHarness;
  let connectionId: string;
  beforeAll(async () => {
    api = await startApiHarness();
    connectionId = await connect({ botToken: 'xoxb-canary', signingSecret: secret });
  }, 180_000);
  afterAll(() => api.end());

  const connect = async (config: Record<string, unknown>, name = 'Slack', type = 'slack'): Promise<string> => {
    const made = await api.call('POST', `${BASE}/connections`, { body: { name, type, config } });
    expect(made.status).toBe(201);
    return String(made.body.id);
  };
  const post = (body: Parameters<typeof postAsSlack>[2], more = {}) =>
    postAsSlack(api, { connectionId, secret, ...more }, body);
  const events = async () => {
    const rows = await api.rows<{ event: string; payload: Record<string, unknown> }>(
      `select event, payload from changes where kind = 'slack' order by seq`,
    );
    await api.rows(`delete from changes where kind = 'slack'`);
    return rows;
  };
  const done = { status: 200, text: '' };

  it('are answered with the challenge as text', async () => {
    expect(await post({ type: 'url_verification', challenge: 'abc' })).toEqual({ status: 200, text: 'abc' });
  });

  it('become events once, even if they are retried with a new signature', async () => {
    expect(await post(slackEvent('Ev1'))).toEqual(done);
    expect(await post(slackEvent('Ev1'), { ageSeconds: 1, retry: 1 })).toEqual(done);
    const command = await post(slackCommand());
    expect([command.status, JSON.parse(command.text)]).toEqual([
      200,
      { response_type: 'ephemeral', text: 'Accepted: /fermata status' },
    ]);
    expect(await post(slackButton())).toEqual(done);
    const found = await events();
    expect(found).toEqual([
      {
        event: 'slack.event',
        payload: expect.objectContaining({ type: 'app_mention', text: 'help', channel: 'C0OPS', connectionId }),
      },
      { event: 'slack.command', payload: expect.objectContaining({ command: '/fermata', text: 'status', user: 'U1' }) },
      { event: 'slack.button', payload: expect.objectContaining({ actionId: 'ack', value: 'INC-1', connectionId }) },
    ]);
    expect(JSON.stringify(found)).not.toContain('canary');
  });

  it('provide the channel and time of the message that a reaction refers to', async () => {
    const item = { type: 'message', channel: 'C0OPS', ts: '1700000000.000200' };
    const reaction = { type: 'reaction_added', reaction: 'eyes', item };
    await post(slackEvent('Ev2', { ...reaction, channel: undefined, ts: undefined }));
    expect((await events())[0]?.payload).toMatchObject({ channel: 'C0OPS', ts: '1700000000.000200', user: 'U1' });
  });

  it('provide the chosen value of a menu', async () => {
    await post(slackButton({ action_id: 'who', value: undefined, selected_user: 'U2' }));
    expect((await events())[0]?.payload).toMatchObject({ actionId: 'who', value: 'U2' });
  });

  it.each([
    ['messages of bots', slackEvent('Ev3', { bot_id: 'B1' })],
    [
      'changed messages of bots',
      slackEvent('Ev4', { type: 'message', subtype: 'message_changed', message: { bot_id: 'B1' } }),
    ],
    ["reactions of the app's own bot", slackEvent('Ev5', { type: 'reaction_added', user: 'UBOT' })],
    ['notices of a rate limit', { type: 'app_rate_limited', minute_rate_limited: 1_518_467_820 }],
    ['checks of the certificate', new URLSearchParams({ ssl_check: '1', token: 'x' })],
    ['shortcuts', new URLSearchParams({ payload: JSON.stringify({ type: 'shortcut', user: { id: 'U1' } }) })],
  ])('are accepted and ignored if they are %s', async (_what, body) => {
    expect(await post(body)).toEqual(done);
    expect(await events()).toEqual([]);
  });

  it('are refused with a body that Slack does not send', async () => {
    expect((await post(new URLSearchParams({ payload: '{' }))).status).toBe(400);
    expect((await post(new URLSearchParams({ text: 'x' }))).status).toBe(400);
  });

  it.each([
    ['another secret', { secret: 'wrong' }],
    ['a signature from six minutes ago', { ageSeconds: 360 }],
    ['a signature from six minutes in the future', { ageSeconds: -360 }],
    ['the id of a missing connection', { connectionId: '0190a0e2-0000-7000-8000-000000000001' }],
    ['an invalid id', { connectionId: 'nothing' }],
  ])('are refused with %s', async (_what, more) => {
    expect((await post(slackEvent('Ev9'), more)).status).toBe(401);
    expect(await events()).toEqual([]);
  });

  it('are refused for connections without a signing secret, of another type, or with a missing secret', async () => {
    const bare = await connect({ botToken: 'xoxb-canary' }, 'bare');
    const other = await connect({ token: secret }, 'other', 'gitlab');
    for (const id of [bare, other]) {
      for (const key of ['', secret]) {
        const answer = await post(slackEvent('Ev9'), { connectionId: id, secret: key });
        expect([answer.status, (JSON.parse(answer.text) as { code: string }).code]).toEqual([401, 'unauthorized']);
      }
    }
    expect(
      (await api.call('PUT', `${BASE}/secrets/SLACK_SIGNING`, { body: { value: 'canary-of-store' } })).status,
    ).toBe(200);
    const stored = {
      connectionId: await connect({ botToken: 'x', signingSecret: '${{ secrets.SLACK_SIGNING }}' }, 'ref'),
    };
    expect((await post(slackEvent('Ev10'), { ...stored, secret: 'canary-of-store' })).status).toBe(200);
    await api.rows(`delete from secrets where name = 'SLACK_SIGNING'`);
    expect((await post(slackEvent('Ev11'), { ...stored, secret: 'canary-of-store' })).status).toBe(401);
    await events();
  });
});
