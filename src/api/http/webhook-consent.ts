import type { Request, Response } from 'express';

/**
 * Answers the `OPTIONS` requests in which CloudEvents senders request permission to deliver. Returns false for other
 * requests, and if permission is refused.
 */
export type WebhookConsent = (request: Request, response: Response) => boolean;

/**
 * Creates the validation handshake of CloudEvents webhooks
 * (https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md, section 4). It does not authenticate:
 * deliveries still need a token or the secret of a hook.
 * @param origins names of senders that may deliver, compared case-insensitively; `*` allows all senders
 * @param perMinute maximum rate to grant
 */
export function createWebhookConsent(origins: readonly string[], perMinute: number): WebhookConsent {
  const allowed = new Set(origins.map((origin) => origin.toLowerCase()));
  return (request, response) => {
    const origin = request.headers['webhook-request-origin'];
    if (request.method !== 'OPTIONS' || typeof origin !== 'string' || origin === '') return false;
    if (!allowed.has('*') && !allowed.has(origin.toLowerCase())) return false;
    response.setHeader('WebHook-Allowed-Origin', origin);
    const requested = request.headers['webhook-request-rate'];
    if (typeof requested === 'string') {
      const rate = /^[1-9]\d{0,9}$/.test(requested) ? Math.min(Number(requested), perMinute) : perMinute;
      response.setHeader('WebHook-Allowed-Rate', String(rate));
    }
    response.setHeader('Allow', 'POST');
    response.status(200).end();
    return true;
  };
}
