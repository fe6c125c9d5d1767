import { z } from 'zod';
import type { ConnectionCall, ConnectionType, Option } from '../connections/connection-type';
import { createTextLimits } from '../limit-text';
import { SlackConnection, type SlackClient } from './client';
import { postOrReplace } from './message';

const Identity = z.looseObject({ team: z.string(), user: z.string() });
const Channels = z.looseObject({
  channels: z.array(z.looseObject({ id: z.string(), name: z.string() })),
  response_metadata: z.looseObject({ next_cursor: z.string().optional() }).optional(),
});
export type SlackChannel = z.infer<typeof Channels>['channels'][number];
/** Maximum number of channel pages to read. Each page contains up to 200 channels. */
const MAX_PAGES = 10;

/** Returns up to 2,000 channels that the bot can see. Archived channels are left out. */
export async function listChannels(
  slack: SlackClient,
  config: SlackConnection,
  call: ConnectionCall,
): Promise<SlackChannel[]> {
  const found: SlackChannel[] = [];
  let cursor = '';
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const form = { exclude_archived: 'true', limit: '200', types: 'public_channel,private_channel', cursor };
    const answer = await slack(config, call, 'conversations.list', { form }, Channels);
    found.push(...answer.channels);
    cursor = answer.response_metadata?.next_cursor ?? '';
    if (cursor === '') break;
  }
  return found;
}

/** Creates the connection type `slack`. The recipient of a notification is a channel or the id of a user. */
export function createSlackConnectionType(slack: SlackClient): ConnectionType<SlackConnection> {
  return {
    id: 'slack',
    displayName: 'Slack',
    configSchema: SlackConnection,
    addressFields: ['baseUrl'],
    async test(config, call) {
      const { team, user } = await slack(config, call, 'auth.test', { json: {} }, Identity);
      return `Connected to ${team} as ${user}.`;
    },
    options: {
      async channel(config, _given, call): Promise<Option[]> {
        const channels = await listChannels(slack, config, call);
        return channels.map(({ id, name }) => ({ value: id, label: `#${name}` }));
      },
    },
    notify: {
      recipients: 'required',
      async send(config, { title, body, actionLabel, actionUrl, replaceKey }, to, call) {
        const link = actionUrl === undefined ? '' : `\n<${actionUrl}|${escaped(actionLabel ?? 'Open')}>`;
        const text = `*${escaped(title.replace(/\s+/g, ' '))}*\n${escaped(body)}`;
        const limit = createTextLimits('Slack', call.note);
        const cut = limit('body', text, { characters: 40_000 - link.length });
        const posting = { slack, config, call, limit, note: call.note };
        return (await postOrReplace(posting, { channel: to, text: `${cut}${link}` }, replaceKey, call)).ts;
      },
    },
  };
}

/** Escapes `text` for Slack: https://docs.slack.dev/messaging/formatting-message-text#escaping */
function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
