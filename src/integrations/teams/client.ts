import { parseJson } from '../../domain/exact-json';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { createMask } from '../../domain/secrets/mask-values';
import type { ConnectionCall } from '../connections/connection-type';
import type { Egress, EgressResponse } from '../../edges/egress/egress';
import { httpFailure } from '../../edges/egress/http-failure';
import { ProviderFailure } from '../provider-failure';
import type { TeamsConnection } from './connection';

/** One call of Microsoft Graph; `path` below `/v1.0`. @throws {ProviderFailure} with what Graph says */
export type GraphClient = <T extends z.ZodType>(
  config: TeamsConnection,
  call: ConnectionCall,
  method: 'GET' | 'POST',
  path: string,
  answer: T,
  body?: unknown,
) => Promise<z.output<T>>;

const Token = z.looseObject({ access_token: z.string().min(1), expires_in: z.coerce.number() });
const GraphError = z.looseObject({
  error: z.looseObject({ code: z.string().optional(), message: z.string().optional() }),
});
const LoginError = z.looseObject({ error: z.string(), error_description: z.string().optional() });

/** A token is renewed so long before it ends. */
const EARLY_MS = 60_000;

interface KeptToken {
  token: string;
  until: number;
}

/** Microsoft Graph with the client credentials of an application; tokens are kept until they end. */
export function createGraphClient(egress: Egress): GraphClient {
  const tokens = new Map<string, KeptToken>();

  const tokenOf = async (config: TeamsConnection, call: ConnectionCall): Promise<string> => {
    const key = keyOf(config);
    const kept = tokens.get(key);
    if (kept && kept.until > call.now.getTime()) return kept.token;
    const response = await egress.send({
      url: `${config.loginUrl}/${encodeURIComponent(config.tenantId)}/oauth2/v2.0/token`,
      method: 'POST',
      headers: { Accept: 'application/json', 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        client_id: config.clientId,
        client_secret: config.clientSecret,
        scope: `${config.graphUrl}/.default`,
        grant_type: 'client_credentials',
      }).toString(),
      signal: call.signal,
      timeoutMs: call.timeoutMs,
    });
    const said = LoginError.safeParse(jsonOf(response.body));
    if (response.status !== 200) {
      throw failure(response, call.now, said.success ? (said.data.error_description ?? said.data.error) : null, []);
    }
    const { access_token: token, expires_in: seconds } = understood(Token, response, 'the token request');
    tokens.set(key, { token, until: call.now.getTime() + seconds * 1_000 - EARLY_MS });
    return token;
  };

  return async (config, call, method, path, answer, body) => {
    for (let attempt = 1; ; attempt += 1) {
      const token = await tokenOf(config, call);
      const response = await egress.send({
        url: `${config.graphUrl}/v1.0${path}`,
        method,
        headers: {
          Accept: 'application/json',
          Authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: call.signal,
        timeoutMs: call.timeoutMs,
      });
      if (response.status === 401) {
        tokens.delete(keyOf(config));
        // The token may have been withdrawn before its time.
        if (attempt === 1) continue;
      }
      if (response.status >= 200 && response.status <= 299)
        return understood(answer, response, path.split('?')[0] ?? '');
      const said = GraphError.safeParse(jsonOf(response.body));
      throw failure(response, call.now, said.success ? (said.data.error.message ?? said.data.error.code) : null, [
        token,
      ]);
    }
  };
}

/** Whose token it is, without the secret itself. */
function keyOf({ loginUrl, tenantId, clientId, clientSecret, graphUrl }: TeamsConnection): string {
  return createHash('sha256')
    .update(JSON.stringify([loginUrl, tenantId, clientId, clientSecret, graphUrl]))
    .digest('hex');
}

/** A far end may repeat the token, which is no secret that anybody has set. */
function failure(
  response: EgressResponse,
  now: Date,
  said: string | null | undefined,
  tokens: readonly string[],
): ProviderFailure {
  const plain = httpFailure(response, { now });
  const text = said ? ` Microsoft says: ${said}` : '';
  const { status, retryable, retryAfterMs } = plain;
  return new ProviderFailure('http_status', createMask(tokens)(`${plain.message}${text}`), {
    status,
    retryable,
    retryAfterMs,
  });
}

function understood<T extends z.ZodType>(schema: T, response: EgressResponse, what: string): z.output<T> {
  const parsed = schema.safeParse(jsonOf(response.body));
  if (parsed.success) return parsed.data;
  throw new ProviderFailure('provider_failed', `Microsoft's answer to ${what} is not understood.`, {
    retryable: false,
  });
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
