import { createSign } from 'node:crypto';
import { z } from 'zod';
import { sha256 } from '../../domain/sha256';
import type { Egress } from '../../edges/egress/egress';
import { retryAfterMs } from '../../edges/egress/retry-after';
import { BaseUrl } from '../connections/base-url';
import type { ConnectionCall } from '../connections/connection-type';
import { createVendorClient, type VendorAnswer } from '../vendor-client';

const Secret = z.string().min(1).max(20_000).meta({ 'x-secret': true });

/** Credentials for GitHub: a personal access token, or an installation of a GitHub App. */
export const GithubConnection = z.strictObject({
  token: Secret.optional().describe('Personal access token'),
  appId: z.string().min(1).max(100).optional(),
  privateKey: Secret.optional().describe('Private key of the app, PEM'),
  installationId: z.string().min(1).max(100).optional(),
  baseUrl: BaseUrl.default('https://api.github.com').describe('GitHub Enterprise Server: https://HOST/api/v3'),
});
export type GithubConnection = z.infer<typeof GithubConnection>;

export interface GithubRequest {
  method: 'GET' | 'POST' | 'PATCH';
  path: string;
  body?: unknown;
}

/**
 * Calls GitHub's REST API.
 * @throws {ProviderFailure} with GitHub's message
 */
export type GithubClient = <T extends z.ZodType>(
  config: GithubConnection,
  call: ConnectionCall,
  request: GithubRequest,
  answer: T,
) => Promise<VendorAnswer<z.output<T>>>;

const Failure = z.looseObject({
  message: z.string(),
  errors: z.array(z.unknown()).optional(),
});
const Installation = z.looseObject({ token: z.string(), expires_at: z.string() });
/** Installation tokens are renewed this many milliseconds before they expire. */
const EARLY_MS = 120_000;

/**
 * Returns the time of a response according to GitHub's clock, to which GitHub's rate limit times refer. Without a
 * `Date` header, returns this machine's time.
 */
function answeredAt(date: string | undefined): Date {
  const at = new Date(date ?? NaN);
  return Number.isNaN(at.getTime()) ? new Date() : at;
}

/** Creates a client of GitHub's REST API: https://docs.github.com/en/rest */
export function createGithubClient(egress: Egress): GithubClient {
  const tokens = new Map<string, { token: string; until: number }>();
  const send = createVendorClient(egress, {
    name: 'GitHub',
    explain(json) {
      const said = Failure.safeParse(json).data;
      if (said === undefined) return undefined;
      const errors = (said.errors ?? []).map((error) => (typeof error === 'string' ? error : JSON.stringify(error)));
      return [said.message, ...errors].join('; ');
    },
    // A 403 may also mean a rate limit: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    classify(_json, { status, headers }) {
      if (status !== 403 && status !== 429) return undefined;
      const now = answeredAt(headers['date']);
      const wait = retryAfterMs(headers['retry-after'], now);
      if (wait !== undefined) return { retryable: true, retryAfterMs: wait };
      if (headers['x-ratelimit-remaining'] !== '0') return undefined;
      const reset = Number(headers['x-ratelimit-reset']) * 1_000 - now.getTime();
      return {
        retryable: true,
        retryAfterMs: Math.min(3_600_000, Math.max(1_000, Number.isNaN(reset) ? 60_000 : reset)),
      };
    },
  });

  const tokenOf = async (config: GithubConnection, call: ConnectionCall): Promise<string> => {
    const { token, appId = '', privateKey = '', installationId = '', baseUrl } = config;
    if (token !== undefined) return token;
    const key = sha256(JSON.stringify([baseUrl, appId, privateKey, installationId]));
    const kept = tokens.get(key);
    if (kept && kept.until > call.now.getTime()) return kept.token;
    const jwt = appToken(appId, privateKey, call.now);
    const url = `${baseUrl}/app/installations/${encodeURIComponent(installationId)}/access_tokens`;
    const request = { method: 'POST', url, headers: headersOf(jwt), hide: [jwt] } as const;
    const { body } = await send(call, request, Installation);
    tokens.set(key, { token: body.token, until: Date.parse(body.expires_at) - EARLY_MS });
    return body.token;
  };

  return async (config, call, { method, path, body }, answer) => {
    const token = await tokenOf(config, call);
    return send(
      call,
      { method, url: `${config.baseUrl}${path}`, headers: headersOf(token), body, hide: [token] },
      answer,
    );
  };
}

const headersOf = (token: string) => ({
  Accept: 'application/vnd.github+json',
  Authorization: `Bearer ${token}`,
  'X-GitHub-Api-Version': '2022-11-28',
});

/**
 * Returns the JSON Web Token of a GitHub App
 * (https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app).
 */
function appToken(appId: string, privateKey: string, now: Date): string {
  const seconds = Math.floor(now.getTime() / 1_000);
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  // Set the issue time one minute back, because the clocks may disagree. GitHub accepts a validity of at most ten
  // minutes.
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ iat: seconds - 60, exp: seconds + 540, iss: appId })}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(privateKey, 'base64url')}`;
}
