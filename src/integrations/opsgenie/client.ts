import { z } from 'zod';
import type { Egress } from '../../edges/egress/egress';
import { BaseUrl } from '../connections/base-url';
import { createVendorClient, type VendorApi } from '../vendor-client';

/** API addresses. `jsm` is the same API in Jira Service Management. */
const ADDRESSES = {
  us: 'https://api.opsgenie.com',
  eu: 'https://api.eu.opsgenie.com',
  jsm: 'https://api.atlassian.com/jsm/ops/integration',
} as const;

/** API key of an integration in Opsgenie or Jira Service Management. */
export const OpsgenieConnection = z.strictObject({
  apiKey: z.string().min(1).max(1_000).meta({ 'x-secret': true }),
  region: z.enum(['us', 'eu', 'jsm']).default('us').describe('jsm: Jira Service Management'),
  baseUrl: BaseUrl.optional().describe('Address to use instead of that of the region'),
});
export type OpsgenieConnection = z.infer<typeof OpsgenieConnection>;

/**
 * Sends a request to a path below `/v2/alerts`.
 * @throws {ProviderFailure} with Opsgenie's message
 */
export type OpsgenieClient = VendorApi<OpsgenieConnection>;

const Failure = z.looseObject({ message: z.string(), errors: z.record(z.string(), z.unknown()).optional() });

/** Creates a client of the Alert API: https://docs.opsgenie.com/docs/alert-api */
export function createOpsgenieClient(egress: Egress): OpsgenieClient {
  const send = createVendorClient(egress, {
    name: 'Opsgenie',
    explain(json) {
      const said = Failure.safeParse(json).data;
      if (said === undefined) return undefined;
      const errors = Object.entries(said.errors ?? {}).map(([field, text]) => `${field}: ${String(text)}`);
      return [said.message, ...errors].join('; ');
    },
  });
  return async ({ apiKey, region, baseUrl }, call, { method, path, body }, answer) => {
    const url = `${baseUrl ?? ADDRESSES[region]}/v2/alerts${path}`;
    const headers = { Authorization: `GenieKey ${apiKey}` };
    return (await send(call, { method, url, headers, body }, answer)).body;
  };
}
