import { startEngine, type Engine } from '../support/engine';
import { postAsSlack, slackButton, slackCommand, slackEvent } from '../support/vendors/slack-sender';

const secret = 'canary-signing-secret';

describe('what Slack posts', () => {
  let engine: Engine;
  let api: { url: string };
  let connectionId: string;
  beforeAll(async () => {
    engine = await startEngine();
    api = await engine.api();
    const config = { botToken: 'xoxb-canary', signingSecret: secret };
    const made = await engine.call(api, 'POST', '/connections', { name: 'Slack', type: 'slack', config });
    connectionId = String(made['id']);
  }, 120_000);
  afterAll(() => engine.close());

  const post = (body: Parameters<typeof postAsSlack>[2], more = {}) =>
    postAsSlack(api, { connectionId, secret, ...more }, body);
  const events = async () => {
    const { rows } = await engine.database.pool.query<{ event: string; payload: Record<string, unknown> }>(
      `select event, payload from changes where kind = 'slack' order by seq`,
    );
    return rows;
  };

  test('answers the challenge as text', async () => {
    const answer = await post({ type: 'url_verification', challenge: 'abc' });
    expect(answer).toEqual({ status: 200, text: 'abc' });
  });

  test('becomes events, once, and leaves messages of bots out', async () => {
    for (let time = 1; time <= 2; time += 1) expect(await post(slackEvent('Ev1'))).toEqual({ status: 200, text: '' });
    await post(slackEvent('Ev2', { bot_id: 'B1' }));
    const command = await post(slackCommand());
    expect([command.status, JSON.parse(command.text)]).toEqual([
      200,
      { response_type: 'ephemeral', text: 'Accepted: /fermata status' },
    ]);
    expect(await post(slackButton())).toEqual({ status: 200, text: '' });
    expect(await events()).toEqual([
      {
        event: 'slack.event',
        payload: expect.objectContaining({ type: 'app_mention', text: 'help', channel: 'C0OPS' }),
      },
      { event: 'slack.command', payload: expect.objectContaining({ command: '/fermata', text: 'status', user: 'U1' }) },
      { event: 'slack.button', payload: expect.objectContaining({ actionId: 'ack', value: 'INC-1', connectionId }) },
    ]);
  }, 60_000);

  test.each([
    ['another secret', { secret: 'wrong' }],
    ['a signature of six minutes ago', { ageSeconds: 360 }],
    ['another connection', { connectionId: '0190a0e2-0000-7000-8000-000000000001' }],
    ['no id', { connectionId: 'nothing' }],
  ])('is refused with %s', async (_what, more) => {
    expect((await post(slackEvent('Ev9'), more)).status).toBe(401);
  });
});
