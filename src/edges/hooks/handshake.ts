import type { IncomingHttpHeaders } from 'node:http';

/** Maximum length in characters of a code or token that is sent back. */
const MAX_CODE = 2_000;

/** The response that a sender expects before it delivers anything. */
export interface HandshakeAnswer {
  contentType: string;
  body: string;
}

/**
 * Returns the response to a request with which a sender checks that the receiver wants its messages. Returns undefined
 * for other requests. If the sender can be verified, verify it before calling this function. Supported handshakes:
 * - Azure Event Grid sends an event `SubscriptionValidationEvent` with `validationCode`, and expects
 *   `validationResponse` (https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema).
 * - Slack sends `url_verification` with `challenge`, signed like every other request
 *   (https://docs.slack.dev/reference/events/url_verification).
 */
export function bodyHandshake(headers: IncomingHttpHeaders, body: unknown): HandshakeAnswer | undefined {
  const code = validationCodeOf(headers, body);
  if (code !== undefined) return jsonAnswer({ validationResponse: code });
  if (!isMap(body) || body['type'] !== 'url_verification') return undefined;
  const challenge = codeOf(body['challenge']);
  return challenge === undefined ? undefined : jsonAnswer({ challenge });
}

/**
 * Returns the response to Microsoft Graph's handshake, or undefined for other requests. Graph posts
 * `?validationToken=…` without a body and expects the decoded token as plain text. Graph signs neither the handshake
 * nor its notifications (https://learn.microsoft.com/graph/change-notifications-delivery-webhooks).
 */
export function graphHandshake(raw: Buffer, query: Record<string, string | string[]>): HandshakeAnswer | undefined {
  const token = codeOf(query['validationToken']);
  return token === undefined || raw.length > 0 ? undefined : { contentType: 'text/plain; charset=utf-8', body: token };
}

/**
 * Returns Event Grid's validation code, or undefined if the request is not a validation. Event Grid posts a list with
 * one event and marks the request as a validation with a header.
 */
function validationCodeOf(headers: IncomingHttpHeaders, body: unknown): string | undefined {
  if (headers['aeg-event-type'] !== undefined && headers['aeg-event-type'] !== 'SubscriptionValidation')
    return undefined;
  const [event] = (Array.isArray(body) && body.length === 1 ? body : []) as unknown[];
  if (!isMap(event) || event['eventType'] !== 'Microsoft.EventGrid.SubscriptionValidationEvent') return undefined;
  const data = event['data'];
  return isMap(data) ? codeOf(data['validationCode']) : undefined;
}

const codeOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= MAX_CODE ? value : undefined;

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const jsonAnswer = (body: object): HandshakeAnswer => ({
  contentType: 'application/json; charset=utf-8',
  body: JSON.stringify(body),
});
