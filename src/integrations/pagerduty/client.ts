import { z } from 'zod';
import type { Egress } from '../../edges/egress/egress';
import { BaseUrl } from '../connections/base-url';
import type { ConnectionCall } from '../connections/connection-type';
import { ProviderFailure } from '../provider-failure';
import { createVendorClient } from '../vendor-client';

/** The integration key of a service's "Events API v2" integration, and a token for actions that use the REST API. */
export const PagerdutyConnection = z.strictObject({
  routingKey: z.string().min(1).max(1_000).meta({ 'x-secret': true }).describe('Integration key of the service'),
  apiToken: z
    .string()
    .min(1)
    .max(1_000)
    .meta({ 'x-secret': true })
    .optional()
    .describe('REST API key: needed by add_note and on_call'),
  fromEmail: z.email().optional().describe('Login email of the user who adds the notes'),
  baseUrl: BaseUrl.default('https://api.pagerduty.com'),
  eventsUrl: BaseUrl.default('https://events.pagerduty.com'),
});
export type PagerdutyConnection = z.infer<typeof PagerdutyConnection>;

const Accepted = z.looseObject({ status: z.string(), dedup_key: z.string().optional() });
const EventFailure = z.looseObject({ message: z.string().optional(), errors: z.array(z.string()).optional() });
const RestFailure = z.looseObject({ error: EventFailure });

export interface PagerdutyClient {
  /**
   * Sends an event.
   * @throws {ProviderFailure} when PagerDuty refuses it or cannot be reached
   */
  enqueue(
    config: PagerdutyConnection,
    call: ConnectionCall,
    event: { event_action: 'trigger' | 'acknowledge' | 'resolve'; dedup_key: string } & Record<string, unknown>,
  ): Promise<{ dedupKey: string; status: string }>;
  /**
   * Calls the REST API.
   * @throws {ProviderFailure} config_invalid when the connection has no apiToken
   */
  rest<T extends z.ZodType>(
    config: PagerdutyConnection,
    call: ConnectionCall,
    request: { method: 'GET' | 'POST'; path: string; body?: unknown },
    answer: T,
  ): Promise<z.output<T>>;
}

/**
 * Creates the clients of both APIs: https://developer.pagerduty.com/docs/events-api-v2-overview and
 * https://developer.pagerduty.com/api-reference
 */
export function createPagerdutyClient(egress: Egress): PagerdutyClient {
  const send = createVendorClient(egress, {
    name: 'PagerDuty',
    explain(json) {
      const said = RestFailure.safeParse(json).data?.error ?? EventFailure.safeParse(json).data;
      return said === undefined ? undefined : [said.message, ...(said.errors ?? [])].filter(Boolean).join('; ');
    },
  });
  return {
    async enqueue({ routingKey, eventsUrl }, call, event) {
      const body = { routing_key: routingKey, ...event };
      const { body: accepted } = await send(call, { method: 'POST', url: `${eventsUrl}/v2/enqueue`, body }, Accepted);
      return { dedupKey: accepted.dedup_key ?? event.dedup_key, status: accepted.status };
    },
    async rest({ apiToken, fromEmail, baseUrl }, call, { method, path, body }, answer) {
      if (apiToken === undefined) {
        throw new ProviderFailure('config_invalid', 'The connection has no apiToken, which the REST API needs.', {
          retryable: false,
        });
      }
      const headers = {
        Accept: 'application/vnd.pagerduty+json;version=2',
        Authorization: `Token token=${apiToken}`,
        ...(fromEmail !== undefined && { From: fromEmail }),
      };
      return (await send(call, { method, url: `${baseUrl}${path}`, headers, body }, answer)).body;
    },
  };
}
