import { parseJson } from '../../domain/exact-json';
import { z } from 'zod';
import { BaseUrl } from '../connections/base-url';
import type { ConnectionCall, ConnectionType } from '../connections/connection-type';
import type { CallingAction, Plugin } from '../contract';
import type { Egress } from '../../edges/egress/egress';
import { httpFailure } from '../../edges/egress/http-failure';
import { ProviderFailure } from '../provider-failure';

/** A bot of Webex. */
const WebexConnection = z.strictObject({
  botToken: z.string().min(1).max(10_000).meta({ 'x-secret': true }),
  baseUrl: BaseUrl.default('https://webexapis.com'),
});
type WebexConnection = z.infer<typeof WebexConnection>;

const Text = z.string().trim().min(1);
const Config = z.strictObject({ connectionId: Text, roomId: Text, markdown: Text.max(7_439) });
const Message = z.object({ messageId: z.string(), roomId: z.string() });
const Posted = z.looseObject({ id: z.string(), roomId: z.string() });
const TIMEOUT_MS = 30_000;

type WebexClient = <T extends z.ZodType>(
  config: WebexConnection,
  call: ConnectionCall,
  method: 'GET' | 'POST',
  path: string,
  answer: T,
  body?: unknown,
) => Promise<z.output<T>>;

/** One call below `/v1`. @throws {ProviderFailure} with what Webex says */
function createWebexClient(egress: Egress): WebexClient {
  return async (config, { signal, timeoutMs, now }, method, path, answer, body) => {
    const response = await egress.send({
      url: `${config.baseUrl}/v1${path}`,
      method,
      headers: {
        Accept: 'application/json',
        Authorization: `Bearer ${config.botToken}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      ...{ signal, timeoutMs },
    });
    const json = jsonOf(response.body);
    if (response.status < 200 || response.status > 299) {
      const { message, status, retryable, retryAfterMs } = httpFailure(response, { now });
      const said = z.looseObject({ message: z.string() }).safeParse(json);
      const text = said.success ? ` Webex says: ${said.data.message}` : '';
      throw new ProviderFailure('http_status', `${message}${text}`, { status, retryable, retryAfterMs });
    }
    const parsed = answer.safeParse(json);
    if (parsed.success) return parsed.data;
    throw new ProviderFailure('provider_failed', `Webex's answer to ${path.split('?')[0]} is not understood.`, {
      retryable: false,
    });
  };
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}

/** Type `webex`. As a channel of notifications, a recipient is a room's id or a person's email. */
function createWebexConnectionType(webex: WebexClient): ConnectionType<WebexConnection> {
  return {
    id: 'webex',
    displayName: 'Webex',
    configSchema: WebexConnection,
    addressFields: ['baseUrl'],
    async test(config, call) {
      const { displayName } = await webex(
        config,
        call,
        'GET',
        '/people/me',
        z.looseObject({ displayName: z.string() }),
      );
      return `Connected as ${displayName}.`;
    },
    options: {
      async roomId(config, _given, call) {
        const rooms = z.object({ items: z.array(z.looseObject({ id: z.string(), title: z.string() })) });
        const { items } = await webex(config, call, 'GET', '/rooms?max=200&sortBy=lastactivity', rooms);
        return items.map(({ id, title }) => ({ value: id, label: title }));
      },
    },
    notify: {
      recipients: 'required',
      async send(config, { title, body, actionLabel, actionUrl }, to, call) {
        const link = actionUrl === undefined ? '' : `\n\n[${actionLabel ?? 'Open'}](${actionUrl})`;
        const target = to.includes('@') ? { toPersonEmail: to } : { roomId: to };
        const markdown = `**${title}**\n\n${body}${link}`;
        return (await webex(config, call, 'POST', '/messages', Posted, { ...target, markdown })).id;
      },
    },
  };
}

/** `integration-webex.post_message`. Webex knows no idempotency: a repeat after a crash posts again. */
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
    async execute({ config: { roomId, markdown }, connection, now, signal }) {
      const call = { signal, now, timeoutMs: TIMEOUT_MS };
      const posted = await webex(WebexConnection.parse(connection), call, 'POST', '/messages', Posted, {
        roomId,
        markdown,
      });
      const artifact = { messageId: posted.id, roomId: posted.roomId };
      return { output: artifact, artifact };
    },
  };
}

/** Webex. */
export function createWebexPlugin({ egress }: { egress: Egress }): Plugin {
  const webex = createWebexClient(egress);
  return {
    id: 'integration-webex',
    connectionTypes: [createWebexConnectionType(webex)],
    actions: [createPostMessage(webex)],
  };
}
