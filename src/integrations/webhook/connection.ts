import { z } from 'zod';
import { BaseUrl } from '../connections/base-url';
import type { ConnectionCall, ConnectionType } from '../connections/connection-type';
import type { Egress } from '../../edges/egress/egress';
import { httpFailure } from '../../edges/egress/http-failure';
import { ProviderFailure } from '../provider-failure';
import { ConnectionHeaders } from './header-rules';

/** A URL that accepts JSON, with headers that may contain secrets. */
const WebhookConnection = z.strictObject({
  baseUrl: BaseUrl.optional(),
  headers: ConnectionHeaders,
});
type WebhookConnection = z.infer<typeof WebhookConnection>;

/**
 * Creates the connection type `webhook`. A notification is posted to the URL as JSON, which includes the recipients.
 */
export function createWebhookConnectionType(egress: Egress): ConnectionType<WebhookConnection> {
  const send = async (
    { baseUrl, headers }: WebhookConnection,
    { signal, timeoutMs, now }: ConnectionCall,
    request: { method: 'GET' | 'POST'; body?: string; more?: Record<string, string> },
  ) => {
    if (baseUrl === undefined) {
      throw new ProviderFailure('config_invalid', 'The connection has no baseUrl to call.', { retryable: false });
    }
    const response = await egress.send({
      url: baseUrl,
      method: request.method,
      headers: { ...headers, ...request.more },
      body: request.body,
      sensitiveHeaders: Object.keys(headers),
      ...{ signal, timeoutMs },
    });
    if (response.status < 200 || response.status > 299) throw httpFailure(response, { now });
  };
  return {
    id: 'webhook',
    displayName: 'Webhook',
    configSchema: WebhookConnection,
    addressFields: ['baseUrl'],
    async test(config, call) {
      await send(config, call, { method: 'GET' });
      return `${config.baseUrl ?? ''} answers.`;
    },
    options: {},
    notify: {
      recipients: 'optional',
      async send(config, message, to, call) {
        const body = JSON.stringify({ ...message, ...(to === '' ? {} : { to }) });
        const more = { 'Content-Type': 'application/json', 'Idempotency-Key': call.idempotencyKey };
        await send(config, call, { method: 'POST', body, more });
        return null;
      },
    },
  };
}
