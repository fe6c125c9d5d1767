import { z } from 'zod';
import type { Egress } from '../../edges/egress/egress';
import { BaseUrl } from '../connections/base-url';
import { createVendorClient, type VendorApi } from '../vendor-client';

/** Credentials for Atlassian Statuspage, and optionally a page. */
export const StatuspageConnection = z.strictObject({
  apiKey: z.string().min(1).max(1_000).meta({ 'x-secret': true }),
  page: z.string().trim().min(1).max(100).optional().describe('Id of the page; default for steps that name none'),
  baseUrl: BaseUrl.default('https://api.statuspage.io'),
});
export type StatuspageConnection = z.infer<typeof StatuspageConnection>;

/**
 * Sends a request to a path below `/v1`.
 * @throws {ProviderFailure} with Statuspage's message
 */
export type StatuspageClient = VendorApi<StatuspageConnection, 'GET' | 'POST' | 'PATCH'>;

/**
 * The body of an error response: `{error}`, with a string or a list of strings, or `{message}`. See
 * https://developer.statuspage.io/
 */
const Failure = z.looseObject({
  error: z.union([z.string(), z.array(z.string())]).optional(),
  message: z.string().optional(),
});
/**
 * Length of the rate limit window in milliseconds. After a refusal without a `Retry-After` header, the step waits this
 * long before its next attempt.
 */
const RATE_WINDOW_MS = 60_000;

/** Creates a client of the REST API: https://developer.statuspage.io/ */
export function createStatuspageClient(egress: Egress): StatuspageClient {
  const send = createVendorClient(egress, {
    name: 'Statuspage',
    explain(json) {
      const said = Failure.safeParse(json).data;
      return said?.error === undefined ? said?.message : [said.error].flat().join('; ');
    },
    // Statuspage also uses 420 besides 429: https://developer.statuspage.io/#section/Rate-Limiting
    classify(_json, { status, headers }) {
      if (status !== 420 && status !== 429) return undefined;
      return { retryable: true, ...(headers['retry-after'] === undefined && { retryAfterMs: RATE_WINDOW_MS }) };
    },
  });
  return async ({ apiKey, baseUrl }, call, { method, path, body }, answer) => {
    const headers = { Authorization: `OAuth ${apiKey}` };
    return (await send(call, { method, url: `${baseUrl}/v1${path}`, headers, body, retryOnStatus: [420] }, answer))
      .body;
  };
}
