import { z } from 'zod';
import { BaseUrl } from '../connections/base-url';
import type { ConnectionType } from '../connections/connection-type';
import type { CallingAction, Plugin } from '../contract';
import type { Egress } from '../../edges/egress/egress';
import { createTextLimits } from '../limit-text';
import { createVendorClient, type VendorApi } from '../vendor-client';

/** Credentials of a Webex bot. */
const WebexConnection = z.strictObject({
  botToken: z.string().min(1).max(10_000).meta({ 'x-secret': true }),
  baseUrl: BaseUrl.default('https://webexapis.com'),
});
type WebexConnection = z.infer<typeof WebexConnection>;

const Text = z.string().trim().min(1);
const Config = z.strictObject({ connectionId: Text, roomId: Text, markdown: Text });
const Message = z.object({ messageId: z.string(), roomId: z.string() });
const Posted = z.looseObject({ id: z.string(), roomId: z.string() });
const TIMEOUT_MS = 30_000;

/** Maximum size of a message in UTF-8 bytes: https://developer.webex.com/docs/api/v1/messages/create-a-message */
const MAX_MESSAGE_BYTES = 7_439;

type WebexClient = VendorApi<WebexConnection>;

const Failure = z.looseObject({ message: z.string() });

/** Creates a client of the API below `/v1`. Its calls throw {ProviderFailure} with Webex's message. */
function createWebexClient(egress: Egress): WebexClient {
  const send = createVendorClient(egress, {
    name: 'Webex',
    explain: (json) => Failure.safeParse(json).data?.message,
  });
  return async (config, call, { method, path, body }, answer) => {
    const headers = { Authorization: `Bearer ${config.botToken}` };
    return (await send(call, { method, url: `${config.baseUrl}/v1${path}`, headers, body }, answer)).body;
  };
}

/**
 * Creates the connection type `webex`. The recipient of a notification is the id of a room or the email address of a
 * person.
 */
function createWebexConnectionType(webex: WebexClient): ConnectionType<WebexConnection> {
  return {
    id: 'webex',
    displayName: 'Webex',
    configSchema: WebexConnection,
    addressFields: ['baseUrl'],
    async test(config, call) {
      const person = z.looseObject({ displayName: z.string() });
      const { displayName } = await webex(config, call, { method: 'GET', path: '/people/me' }, person);
      return `Connected as ${displayName}.`;
    },
    options: {
      async roomId(config, _given, call) {
        const rooms = z.object({ items: z.array(z.looseObject({ id: z.string(), title: z.string() })) });
        const path = '/rooms?max=200&sortBy=lastactivity';
        const { items } = await webex(config, call, { method: 'GET', path }, rooms);
        return items.map(({ id, title }) => ({ value: id, label: title }));
      },
    },
    notify: {
      recipients: 'required',
      async send(config, { title, body, actionLabel, actionUrl }, to, call) {
        const link = actionUrl === undefined ? '' : `\n\n[${actionLabel ?? 'Open'}](${actionUrl})`;
        const target = to.includes('@') ? { toPersonEmail: to } : { roomId: to };
        const limit = createTextLimits('Webex', call.note);
        const heading = `**${limit('title', title.replace(/\s+/g, ' '), { bytes: 1_000 })}**\n\n`;
        const room = MAX_MESSAGE_BYTES - Buffer.byteLength(heading) - Buffer.byteLength(link);
        const markdown = `${heading}${limit('body', body, { bytes: Math.max(0, room) })}${link}`;
        const message = { method: 'POST', path: '/messages', body: { ...target, markdown } } as const;
        return (await webex(config, call, message, Posted)).id;
      },
    },
  };
}

/**
 * Creates the action `integration-webex.post_message`. Webex has no idempotency keys, so a message may appear twice
 * after a crash between the post and the commit.
 */
function createPostMessage(webex: WebexClient): CallingAction<z.infer<typeof Config>> {
  return {
    id: 'post_message',
    displayName: 'Post to Webex',
    description: 'Posts Markdown to a room.',
    configSchema: Config,
    connection: 'webex',
    produces: { name: 'message', schema: Message },
    execution: 'call',
    timeoutMs: () => TIMEOUT_MS,
    async execute({ config, connection, now, signal, timeoutMs, note }) {
      const { roomId } = config;
      const call = { signal, now, timeoutMs };
      const markdown = createTextLimits('Webex', note)('markdown', config.markdown, { bytes: MAX_MESSAGE_BYTES });
      const message = { method: 'POST', path: '/messages', body: { roomId, markdown } } as const;
      const posted = await webex(WebexConnection.parse(connection), call, message, Posted);
      const artifact = { messageId: posted.id, roomId: posted.roomId };
      return { output: artifact, artifact };
    },
  };
}

/** Creates the plugin for Webex. */
export function createWebexPlugin({ egress }: { egress: Egress }): Plugin {
  const webex = createWebexClient(egress);
  return {
    id: 'integration-webex',
    connectionTypes: [createWebexConnectionType(webex)],
    actions: [createPostMessage(webex)],
  };
}
