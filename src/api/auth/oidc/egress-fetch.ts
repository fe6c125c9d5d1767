import type { CustomFetch } from 'openid-client';
import type { Egress } from '../../../edges/egress/egress';
import type { Method } from '../../../edges/egress/redirect';
import { ProviderFailure } from '../../../integrations/provider-failure';
import { isLoopback } from './settings';

/** Timeout in milliseconds of one request to the provider. */
const TIMEOUT_MS = 5_000;
/** Maximum size of a response of the provider in bytes. A token of a user in thousands of groups is smaller. */
const MAX_BYTES = 1_048_576;

/**
 * Creates the function with which `openid-client` sends requests. Requests pass the egress guard, and redirects are not
 * followed. The function accepts plain HTTP only for a provider on this machine.
 * @throws {ProviderFailure} when the provider cannot be reached, is overloaded (429, 5xx) or sends more than 1 MiB
 */
export function createEgressFetch(egress: Egress, issuer: URL): CustomFetch {
  return async (url, { method, headers, body, signal }) => {
    const target = new URL(url);
    const { origin } = target;
    if (target.protocol !== 'https:' && !(isLoopback(issuer) && isLoopback(target))) {
      throw new ProviderFailure('egress_refused', `${origin} does not use https.`, { retryable: false });
    }
    const response = await egress.send({
      ...{ url, headers, timeoutMs: TIMEOUT_MS, maxResponseBytes: MAX_BYTES },
      method: method as Method,
      body: textOf(body),
      signal: signal ?? new AbortController().signal,
      redirects: 'return',
    });
    const { status } = response;
    if (status >= 500 || status === 429) {
      throw new ProviderFailure('http_status', `${origin} answered with status ${status}.`, {
        retryable: true,
        status,
      });
    }
    if (Buffer.byteLength(response.body) >= MAX_BYTES) {
      throw new ProviderFailure('provider_failed', `The answer of ${origin} is larger than 1 MiB.`, {
        retryable: true,
      });
    }
    const kept = ['content-type', 'www-authenticate'].flatMap((name): [string, string][] => {
      const value = response.headers[name];
      return value === undefined ? [] : [[name, value]];
    });
    return new Response(response.body === '' ? null : response.body, { status, headers: kept });
  };
}

function textOf(body: unknown): string | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string' || body instanceof URLSearchParams) return body.toString();
  throw new TypeError('Requests to the provider have only form bodies.');
}
