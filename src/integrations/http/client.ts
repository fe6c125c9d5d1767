import { z } from 'zod';
import { sha256 } from '../../domain/sha256';
import type { Egress, EgressResponse } from '../../edges/egress/egress';
import { hideCredential } from '../../edges/egress/secrets-of-call';
import { BaseUrl } from '../connections/base-url';
import type { ConnectionCall } from '../connections/connection-type';
import { ProviderFailure } from '../provider-failure';
import { createVendorClient } from '../vendor-client';
import { ConnectionHeaders } from '../webhook/header-rules';
import { withQuery } from '../webhook/with-query';

/** An HTTP API and how to authenticate with it: by headers or as an OAuth 2 client. */
export const HttpConnection = z.strictObject({
  baseUrl: BaseUrl,
  headers: ConnectionHeaders,
  oauth2: z
    .strictObject({
      tokenUrl: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }),
      clientId: z.string().min(1).max(1_000),
      clientSecret: z.string().min(1).max(10_000),
      scope: z.string().max(1_000).optional(),
    })
    .optional()
    .meta({ 'x-secret': true, description: 'Client credentials; the token is sent as Authorization: Bearer' }),
});
export type HttpConnection = z.infer<typeof HttpConnection>;

const Value = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** Config fields that describe a request. */
export const RequestFields = {
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
  path: z
    .string()
    .refine((path) => path === '' || /^\/(?!\/)/.test(path), 'must begin with one "/": it is below the baseUrl')
    .default(''),
  query: z.record(z.string(), z.union([Value, z.array(Value)])).optional(),
  body: z.unknown().optional().describe('Body; sent as JSON unless it is a string'),
};
const RequestShape = z.object(RequestFields);

export type HttpClient = (
  config: HttpConnection,
  call: ConnectionCall,
  /** `url` replaces `path`. Its origin must be that of `baseUrl`. */
  request: z.infer<typeof RequestShape> & { url?: string | undefined },
  idempotencyKey: string,
) => Promise<EgressResponse>;

const Token = z.looseObject({ access_token: z.string().min(1), expires_in: z.coerce.number().optional() });
const TokenFailure = z.looseObject({ error: z.string(), error_description: z.string().optional() });
/**
 * Lifetime in seconds of a token whose response does not state its lifetime. Tokens are renewed one minute before they
 * expire.
 */
const DEFAULT_TOKEN_SECONDS = 300;
const EARLY_MS = 60_000;

/**
 * Creates the client. Keeps OAuth tokens in memory until one minute before they expire, and requests a new token after
 * a 401. Its calls return responses with any status. They throw {ProviderFailure} when the URL leaves the origin of
 * `baseUrl` (`config_invalid`), when no token can be obtained, and when no response is received.
 */
export function createHttpClient(egress: Egress): HttpClient {
  const tokens = new Map<string, { token: string; until: number }>();
  const send = createVendorClient(egress, {
    name: 'The token endpoint',
    explain(json) {
      const said = TokenFailure.safeParse(json).data;
      return said && (said.error_description ?? said.error);
    },
  });

  const keyOf = (oauth2: NonNullable<HttpConnection['oauth2']>) => sha256(JSON.stringify(oauth2));

  const tokenOf = async (oauth2: NonNullable<HttpConnection['oauth2']>, call: ConnectionCall): Promise<string> => {
    const kept = tokens.get(keyOf(oauth2));
    if (kept && kept.until > call.now.getTime()) return kept.token;
    const { tokenUrl, clientId, clientSecret, scope } = oauth2;
    // https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
    const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
    const body = new URLSearchParams({ ...form, ...(scope !== undefined && { scope }) }).toString();
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const { body: given } = await send(
      call,
      { method: 'POST', url: tokenUrl, headers, body, sensitiveBody: true },
      Token,
    );
    const seconds = given.expires_in ?? DEFAULT_TOKEN_SECONDS;
    const until = call.now.getTime() + Math.max(0, seconds * 1_000 - EARLY_MS);
    tokens.set(keyOf(oauth2), { token: given.access_token, until });
    return given.access_token;
  };

  return async (config, call, { method, path, url: given, query, body }, idempotencyKey) => {
    const url = withQuery(given ?? `${config.baseUrl}${path}`, query);
    if (new URL(url).origin !== new URL(config.baseUrl).origin) {
      const what = given === undefined ? 'path leads to' : 'The next page has';
      throw new ProviderFailure('config_invalid', `${what} an origin other than that of baseUrl.`, {
        retryable: false,
      });
    }
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    for (let attempt = 1; ; attempt += 1) {
      const token = config.oauth2 && (await tokenOf(config.oauth2, call));
      if (token !== undefined) await hideCredential(token);
      const response = await egress.send({
        ...{ url, method, body: text, signal: call.signal, timeoutMs: call.timeoutMs },
        headers: {
          Accept: 'application/json',
          ...(text !== undefined && { 'Content-Type': typeof body === 'string' ? 'text/plain' : 'application/json' }),
          'Idempotency-Key': idempotencyKey,
          ...config.headers,
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        },
        sensitiveHeaders: Object.keys(config.headers),
      });
      // The token may have been revoked before its expiry.
      if (response.status !== 401 || config.oauth2 === undefined || attempt > 1) return response;
      tokens.delete(keyOf(config.oauth2));
    }
  };
}
