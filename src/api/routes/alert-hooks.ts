import { z } from 'zod';
import { identitiesOf } from '../../edges/hooks/receive';
import { ALERT_SENDERS } from '../../edges/alerts/senders';
import type { AlertSender } from '../../edges/alerts/sender';
import { inboundRoute, json, type Route } from '../http/route';
import { ALERT_BODY, ALERT_RESPONSES, camelCase, readBody, takeMessage, type AlertIngestDeps } from './alert-ingest';
import { authenticateHook, refusedHook, type AuthenticateHookDeps } from './authenticate-hook';

export type AlertHookDeps = AlertIngestDeps & AuthenticateHookDeps;

/**
 * Returns the routes for alerts from senders without a token. Requests are authenticated with the secrets of a hook.
 */
export function alertHookRoutes(deps: AlertHookDeps): Route[] {
  return ALERT_SENDERS.map((sender) => alertHookRoute(deps, sender));
}

function alertHookRoute(deps: AlertHookDeps, sender: AlertSender): Route {
  return inboundRoute({
    method: 'post',
    permission: 'public',
    tag: 'Inbound',
    path: `/ingest/${sender.id}/{hook}`,
    operationId: `ingest.${camelCase(sender.id)}Hook`,
    summary: `Receive ${sender.receives}, authenticated by the secrets of a hook instead of a token`,
    description:
      'The raw body is verified according to the scheme of the hook. Requests to hooks of the scheme "none" are refused, because nothing is verified. A hook of the scheme "sns" confirms subscriptions of its topics.',
    params: z.object({ hook: z.string().min(1).max(200) }),
    bodyFormat: 'raw',
    documentedBody: ALERT_BODY,
    bodyTypes: ['application/json', 'text/plain'],
    responses: {
      ...ALERT_RESPONSES,
      401: { description: 'Hook not found, or its secret or signature is missing, wrong or expired' },
    },
    async handler(context) {
      const { params, request, raw } = context;
      const { headers } = request;
      const authenticated = await authenticateHook(deps, params.hook, { headers, raw });
      const { hook, snsMessage } = authenticated;
      if (hook.scheme === 'none') throw refusedHook();
      if (snsMessage !== undefined && snsMessage.Type !== 'Notification') {
        if (snsMessage.Type === 'SubscriptionConfirmation') await deps.sns.confirm(snsMessage);
        return json(202, { accepted: 0, changeIds: [], rejected: [] });
      }
      const cause = { ...context.cause, actor: { type: 'service' as const, id: `hook:${hook.name}` } };
      const { principal } = context;
      const inbound = { request, raw, cause, principal };
      return takeMessage(deps, inbound, {
        ...{ route: `/ingest/${sender.id}`, sender: hook.name, read: (bytes) => readBody(sender, bytes) },
        identities: identitiesOf({ ...authenticated, headers }),
      });
    },
  });
}
