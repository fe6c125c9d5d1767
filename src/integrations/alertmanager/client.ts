import type { z } from 'zod';
import { parseJson } from '../../domain/exact-json';
import { createMask } from '../../domain/secrets/mask-values';
import type { Egress } from '../../edges/egress/egress';
import { httpFailure } from '../../edges/egress/http-failure';
import type { ConnectionCall } from '../connections/connection-type';
import { plainPath } from '../plain-path';
import { ProviderFailure } from '../provider-failure';
import { authTypeOf, type AlertmanagerConnection } from './connection-config';

/**
 * Maximum response size in bytes. The list contains all silences, and Alertmanager keeps them for days after they end.
 */
const MAX_ANSWER_BYTES = 32 * 1_048_576;

interface Request<T extends z.ZodType> {
  method: 'GET' | 'POST' | 'DELETE';
  /** Path below `/api/v2`. */
  path: string;
  body?: unknown;
  /** Schema of the response. */
  answer: T;
}

/**
 * Calls Alertmanager's API v2.
 * @throws {ProviderFailure} with Alertmanager's message
 */
export type AlertmanagerClient = <T extends z.ZodType>(
  config: AlertmanagerConnection,
  call: ConnectionCall,
  request: Request<T>,
) => Promise<z.output<T>>;

/**
 * Creates a client of Alertmanager's API v2: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
 */
export function createAlertmanagerClient(egress: Egress): AlertmanagerClient {
  return async (config, { signal, timeoutMs, now }, { method, path, body, answer }) => {
    const authorization = authorizationOf(config);
    const response = await egress.send({
      url: plainPath(`${config.url}/api/v2${path}`),
      method,
      headers: {
        Accept: 'application/json',
        ...(authorization !== undefined && { Authorization: authorization }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      maxResponseBytes: MAX_ANSWER_BYTES,
      ...{ signal, timeoutMs },
    });
    const json = jsonOf(response.body);
    if (response.status < 200 || response.status > 299) {
      const { message, status, retryable, retryAfterMs } = httpFailure(response, { now });
      const said = typeof json === 'string' ? ` Alertmanager says: ${json}` : '';
      const mask = createMask(authorization === undefined ? [] : [authorization.replace(/^\w+ /, '')]);
      throw new ProviderFailure('http_status', mask(`${message}${said}`), { status, retryable, retryAfterMs });
    }
    const parsed = answer.safeParse(json);
    if (parsed.success) return parsed.data;
    throw new ProviderFailure(
      'provider_failed',
      `Alertmanager's response to ${method} ${path} has an unexpected format.`,
      {
        retryable: false,
        cause: parsed.error,
      },
    );
  };
}

function authorizationOf(config: AlertmanagerConnection): string | undefined {
  const { user, password, token } = config;
  const authType = authTypeOf(config);
  if (authType === 'bearer') return `Bearer ${token ?? ''}`;
  if (authType === 'basic') return `Basic ${Buffer.from(`${user ?? ''}:${password ?? ''}`).toString('base64')}`;
  return undefined;
}

/** Returns the parsed response body. Returns null when it is not JSON, such as the empty response to a deletion. */
function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
