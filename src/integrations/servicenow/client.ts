import { z } from 'zod';
import type { Egress } from '../../edges/egress/egress';
import { BaseUrl } from '../connections/base-url';
import { createVendorClient, type VendorApi } from '../vendor-client';

/** A user's credentials for an instance, and optionally an OAuth client to use them with. */
export const ServicenowConnection = z.strictObject({
  instanceUrl: BaseUrl,
  user: z.string().min(1).max(320),
  password: z.string().min(1).max(10_000).meta({ 'x-secret': true }),
  clientId: z.string().min(1).max(200).optional().describe('OAuth client; without one, Basic authentication is used'),
  clientSecret: z.string().min(1).max(1_000).meta({ 'x-secret': true }).optional(),
});
export type ServicenowConnection = z.infer<typeof ServicenowConnection>;

/**
 * Sends a request to the Table API.
 * @throws {ProviderFailure} with ServiceNow's message
 */
export type ServicenowClient = VendorApi<ServicenowConnection, 'GET' | 'POST' | 'PATCH'>;

const Failure = z.looseObject({
  error: z.looseObject({ message: z.string(), detail: z.string().nullish() }),
});
const TokenFailure = z.looseObject({ error: z.string(), error_description: z.string().optional() });

/**
 * Creates a client of the Table API:
 * https://www.servicenow.com/docs/bundle/zurich-api-reference/page/integrate/inbound-rest/concept/c_TableAPI.html
 */
export function createServicenowClient(egress: Egress): ServicenowClient {
  const send = createVendorClient(egress, {
    name: 'ServiceNow',
    explain(json) {
      const said = Failure.safeParse(json).data?.error;
      if (said !== undefined) return [said.message, said.detail].filter(Boolean).join(': ');
      const token = TokenFailure.safeParse(json).data;
      return token && (token.error_description ?? token.error);
    },
  });
  return async (config, call, { method, path, body }, answer) => {
    const { instanceUrl, user, password, clientId, clientSecret = '' } = config;
    const basic = Buffer.from(`${user}:${password}`).toString('base64');
    let [authorization, hide] = [`Basic ${basic}`, [basic]];
    if (clientId !== undefined) {
      const form = {
        grant_type: 'password',
        client_id: clientId,
        client_secret: clientSecret,
        username: user,
        password,
      };
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
      const request = { method: 'POST', url: `${instanceUrl}/oauth_token.do`, headers, sensitiveBody: true } as const;
      const token = z.looseObject({ access_token: z.string() });
      const given = await send(call, { ...request, body: new URLSearchParams(form).toString() }, token);
      [authorization, hide] = [`Bearer ${given.body.access_token}`, [given.body.access_token]];
    }
    const request = {
      method,
      url: `${instanceUrl}/api/now${path}`,
      headers: { Authorization: authorization },
      body,
      hide,
    };
    return (await send(call, request, answer)).body;
  };
}
