import { createHmac } from 'node:crypto';

interface SlackSender {
  connectionId: string;
  secret: string;
  /** Age of the signature in seconds. Negative values are in the future. Default: 0. */
  ageSeconds?: number;
  /**
   * Number of the retry. Slack repeats an event if it receives no response in time:
   * https://docs.slack.dev/apis/events-api/#retries
   */
  retry?: number;
}

/**
 * Posts to the hook of a Slack connection as Slack does:
 * https://docs.slack.dev/authentication/verifying-requests-from-slack
 */
export async function postAsSlack(
  api: { url: string },
  { connectionId, secret, ageSeconds = 0, retry }: SlackSender,
  body: Record<string, unknown> | URLSearchParams,
): Promise<{ status: number; text: string }> {
  const isForm = body instanceof URLSearchParams;
  const text = isForm ? body.toString() : JSON.stringify(body);
  const timestamp = String(Math.floor(Date.now() / 1_000) - ageSeconds);
  const signature = createHmac('sha256', secret).update(`v0:${timestamp}:${text}`).digest('hex');
  const answer = await fetch(`${api.url}/api/v1/hooks/slack/${connectionId}`, {
    method: 'POST',
    headers: {
      'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': `v0=${signature}`,
      ...(retry !== undefined && { 'x-slack-retry-num': String(retry), 'x-slack-retry-reason': 'http_timeout' }),
    },
    body: text,
  });
  return { status: answer.status, text: await answer.text() };
}

export const slackEvent = (id: string, more: Record<string, unknown> = {}) => ({
  ...{ type: 'event_callback', event_id: id, team_id: 'T1' },
  authorizations: [{ team_id: 'T1', user_id: 'UBOT', is_bot: true }],
  event: { type: 'app_mention', channel: 'C0OPS', user: 'U1', text: 'help', ts: '1700000000.000100', ...more },
});
export const slackCommand = () =>
  new URLSearchParams({ command: '/fermata', text: 'status', team_id: 'T1', channel_id: 'C0OPS', user_id: 'U1' });
export const slackButton = (more: Record<string, unknown> = {}) =>
  new URLSearchParams({
    payload: JSON.stringify({
      ...{ type: 'block_actions', team: { id: 'T1' }, user: { id: 'U1' }, channel: { id: 'C0OPS' } },
      ...{ message: { ts: '1700000000.000100' }, actions: [{ action_id: 'ack', value: 'INC-1', ...more }] },
    }),
  });
