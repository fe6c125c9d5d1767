import { createHmac } from 'node:crypto';
import { ProviderFailure } from '../provider-failure';
import { authTypeOf, type WebhookConfig } from './config';
import type { EncodedBody } from './encode-body';
import { headerProblem } from './header-rules';

/**
 * Custom headers that contain no secrets. They are kept when a redirect leads to another origin, which needs them to
 * understand the request.
 */
const HARMLESS: ReadonlySet<string> = new Set(['accept', 'content-type', 'idempotency-key', 'user-agent']);

interface RequestHeaders {
  headers: Record<string, string>;
  /** Names of headers that may contain secrets. */
  sensitive: string[];
}

/**
 * Returns the headers of one attempt. If a header is set more than once, the last of these wins: content type, custom
 * headers (a repeated name becomes one header with both values), authentication, `Idempotency-Key`, signature.
 * @throws {ProviderFailure} config_invalid, without the value, when a secret cannot be a header value
 */
export function requestHeaders(
  config: WebhookConfig,
  body: EncodedBody,
  attempt: { idempotencyKey: string; now: Date },
): RequestHeaders {
  const headers = new Map<string, { name: string; value: string }>();
  const set = (name: string, value: string) => headers.set(name.toLowerCase(), { name, value });
  if (body) set('Content-Type', body.mediaType);
  const custom = new Map<string, string[]>();
  for (const { name, value } of config.customHeaders) {
    custom.set(name.toLowerCase(), [...(custom.get(name.toLowerCase()) ?? []), value]);
    set(name, custom.get(name.toLowerCase())?.join(', ') ?? value);
  }
  const auth = authorization(config);
  if (auth) set(auth.name, checked(auth.field, auth.value));
  set('Idempotency-Key', attempt.idempotencyKey);
  if (config.signingSecret !== undefined) {
    const timestamp = String(Math.floor(attempt.now.getTime() / 1000));
    set('X-Fermata-Timestamp', timestamp);
    set('X-Fermata-Signature', signature(config.signingSecret, timestamp, body?.text ?? ''));
  }
  const sensitive = [...custom.keys()].filter((name) => !HARMLESS.has(name));
  return {
    headers: Object.fromEntries([...headers.values()].map(({ name, value }) => [name, value])),
    sensitive: auth ? [...sensitive, auth.name] : sensitive,
  };
}

function authorization(config: WebhookConfig): { name: string; value: string; field: string } | null {
  switch (authTypeOf(config)) {
    case 'none':
      return null;
    case 'bearer':
      return { name: 'Authorization', value: `Bearer ${config.bearerToken ?? ''}`, field: 'bearerToken' };
    case 'basic': {
      const pair = Buffer.from(`${config.basicUsername ?? ''}:${config.basicPassword ?? ''}`).toString('base64');
      return { name: 'Authorization', value: `Basic ${pair}`, field: 'basicPassword' };
    }
    case 'header':
      return { name: config.authHeaderName ?? '', value: config.authHeaderValue ?? '', field: 'authHeaderValue' };
  }
}

function checked(field: string, value: string): string {
  const problem = headerProblem(value);
  if (problem === null) return value;
  throw new ProviderFailure('config_invalid', `${field} ${problem}.`, { retryable: false });
}

/** Returns the signature of a request: `sha256=<hex>`, an HMAC over the timestamp, a dot and the raw body. */
function signature(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}
