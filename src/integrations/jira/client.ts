import { parseJson } from '../../domain/exact-json';
import type { z } from 'zod';
import { createMask } from '../../domain/secrets/mask-values';
import type { ConnectionCall } from '../connections/connection-type';
import type { Egress, EgressResponse } from '../../edges/egress/egress';
import { httpFailure } from '../../edges/egress/http-failure';
import { plainPath } from '../plain-path';
import { ProviderFailure } from '../provider-failure';
import type { JiraConnection } from './connection-config';

/**
 * Calls Jira's REST API v3. `path` is relative to `/rest/api/3`.
 * @throws {ProviderFailure} with Jira's message
 */
export type JiraClient = <T extends z.ZodType>(
  config: JiraConnection,
  call: ConnectionCall,
  method: 'GET' | 'POST',
  path: string,
  answer: T,
  body?: unknown,
) => Promise<z.output<T>>;

/** Creates a client of Jira Cloud, which authenticates with an account's email and API token. */
export function createJiraClient(egress: Egress): JiraClient {
  return async (config, { signal, timeoutMs, now }, method, path, answer, body) => {
    const credentials = Buffer.from(`${config.email}:${config.apiToken}`).toString('base64');
    const response = await egress.send({
      url: plainPath(`${config.baseUrl}/rest/api/3${path}`),
      method,
      headers: {
        Accept: 'application/json',
        Authorization: `Basic ${credentials}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      ...{ signal, timeoutMs },
    });
    if (response.status < 200 || response.status > 299) throw failureOf(response, now, createMask([credentials]));
    const parsed = answer.safeParse(jsonOf(response.body));
    if (parsed.success) return parsed.data;
    throw new ProviderFailure(
      'provider_failed',
      `Jira's response to ${method} ${path.split('?')[0]} has an unexpected format.`,
      {
        retryable: false,
        cause: parsed.error,
      },
    );
  };
}

/**
 * Returns the failure for an error response. Jira may repeat the `Authorization` header in the response, so the encoded
 * credentials are also masked.
 */
function failureOf(response: EgressResponse, now: Date, mask: (text: string) => string): ProviderFailure {
  const plain = httpFailure(response, { now });
  const { errorMessages, errors } = Object(jsonOf(response.body)) as { errorMessages?: unknown; errors?: unknown };
  const texts = [
    ...(Array.isArray(errorMessages) ? errorMessages.map(String) : []),
    ...Object.entries(Object(errors) as Record<string, unknown>).map(([field, text]) => `${field}: ${String(text)}`),
  ];
  const said = texts.length === 0 ? '' : ` Jira says: ${texts.join('; ')}`;
  const { status, retryable, retryAfterMs } = plain;
  return new ProviderFailure('http_status', mask(`${plain.message}${said}`), { status, retryable, retryAfterMs });
}

/** Returns the parsed response body. Returns null when it is not JSON, such as the empty body of a 204. */
function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
