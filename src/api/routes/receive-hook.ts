import { z } from 'zod';
import { toStorable } from '../../domain/entities/storable';
import { readMapped } from '../../edges/alerts/mapped';
import { bodyHandshake, graphHandshake } from '../../edges/hooks/handshake';
import { identitiesOf, receiveHook, shownHeaders } from '../../edges/hooks/receive';
import { decodeUtf8, isJsonType, mediaTypeOf, parseForeignJson } from '../http/body';
import { repeatOnDeadlock } from '../http/repeat-on-deadlock';
import { HANDSHAKE } from './inbound-bodies';
import { inboundRoute, json, type Route } from '../http/route';
import { takeMessage, type AlertIngestDeps } from './alert-ingest';
import { authenticateHook, type AuthenticateHookDeps } from './authenticate-hook';

type ReceiveHookDeps = AuthenticateHookDeps & AlertIngestDeps;

const RESPONSES = {
  200: HANDSHAKE,
  202: {
    description:
      'Committed. A repeated request gets the same response and has no effect. For the schemes github and gitlab, the second change id is that of the typed event',
    schema: z.object({
      accepted: z.int(),
      changeIds: z.array(z.uuid()),
      rejected: z
        .array(z.object({ index: z.int(), message: z.string() }))
        .optional()
        .describe('Refused elements, for hooks with `alert`'),
    }),
  },
  401: { description: 'Hook not found, or its secret or signature is missing, wrong or expired' },
};

/**
 * Returns the route to which external senders post. The hook's secret protects it, and the body is parsed only after
 * the sender has been verified.
 */
export function receiveHookRoute(deps: ReceiveHookDeps): Route {
  return inboundRoute({
    method: 'post',
    path: '/hooks/{name}',
    permission: 'public',
    operationId: 'hooks.receive',
    tag: 'Inbound',
    summary: 'Receive a request of an external sender as `automation.webhook`',
    description:
      'The raw body is verified according to the scheme of the hook. A repeated request has no effect. It is recognised for seven days by its delivery header, and by its signature for the tolerance of the timestamp.',
    params: z.object({ name: z.string().min(1).max(200) }),
    bodyFormat: 'raw',
    documentedBody: {},
    bodyTypes: ['application/json', 'application/x-www-form-urlencoded', 'text/plain'],
    headers: {
      'X-Hook-Secret': 'The secret, for hooks of the scheme `header`; other schemes use the headers of their vendors',
    },
    responses: RESPONSES,
    async handler(context) {
      const { params, request, raw, cause } = context;
      const { headers } = request;
      const { hook, now, snsMessage, ...verified } = await authenticateHook(deps, params.name, { headers, raw });
      if (snsMessage?.Type === 'SubscriptionConfirmation') await deps.sns.confirm(snsMessage);
      const query = toStorable(queryOf(request.originalUrl));
      const asked = graphHandshake(raw, query);
      if (asked !== undefined) return { status: 200, ...asked };
      const body = bodyOf(raw, headers['content-type']);
      const handshake = bodyHandshake(headers, body);
      if (handshake !== undefined) return { status: 200, ...handshake };
      const hideHeaders = (hook.options.hideHeaders ?? []).map((name) => name.toLowerCase());
      const { alert } = hook.options;
      if (alert !== undefined) {
        const shown = shownHeaders({ headers, expected: verified.expected, hideHeaders });
        const actor = { type: 'service' as const, id: `hook:${hook.name}` };
        return takeMessage(
          deps,
          { request, raw, principal: context.principal, cause: { ...cause, actor } },
          {
            ...{ route: '/hooks/{name}', sender: hook.name },
            read: () => readMapped(hook.name, alert, { body, headers: shown, query }, now),
            identities: identitiesOf({ hook, headers, ...verified }),
          },
        );
      }
      const { changeIds } = await repeatOnDeadlock(() =>
        deps.db.transaction((tx) =>
          receiveHook(
            { tx, entities: deps.entities, cause, now },
            { ...{ hook, body, headers, query, hideHeaders, ...verified }, method: request.method },
          ),
        ),
      );
      deps.notifier.changes();
      return json(202, { accepted: 1, changeIds });
    },
  });
}

/** Returns JSON and form bodies as values, and all other bodies as text. */
function bodyOf(raw: Buffer, contentType: string | undefined): unknown {
  if (raw.length === 0) return null;
  const type = mediaTypeOf(contentType);
  const text = decodeUtf8(raw);
  if (isJsonType(type)) return parseForeignJson(text);
  const value = type === 'application/x-www-form-urlencoded' ? fieldsOf(new URLSearchParams(text)) : text;
  return toStorable(value);
}

function queryOf(url: string): Record<string, string | string[]> {
  const at = url.indexOf('?');
  return fieldsOf(new URLSearchParams(at < 0 ? '' : url.slice(at + 1)));
}

function fieldsOf(fields: URLSearchParams): Record<string, string | string[]> {
  const names = [...new Set(fields.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = fields.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? '') : values];
    }),
  );
}
