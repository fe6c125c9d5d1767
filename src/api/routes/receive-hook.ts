import { z } from 'zod';
import type { EntityStore } from '../../db/entity-store';
import type { Executor } from '../../db/executor';
import { findHook } from '../../db/hooks';
import type { Notifier } from '../../db/notifier';
import type { Clock } from '../../domain/clock';
import { assertStorable } from '../../domain/entities/storable';
import { FermataError } from '../../domain/errors';
import type { Cipher } from '../../domain/secrets/cipher';
import { receiveHook } from '../../edges/hooks/receive';
import { isFromSender, signatureHeader } from '../../edges/hooks/verify-sender';
import { decodeUtf8, isJsonType, mediaTypeOf, parseJson } from '../http/body';
import { inboundRoute, json, type Route } from '../http/route';
import { notFound } from '../http/values';
import { hookSecretName } from './hooks';

interface ReceiveHookDeps {
  db: Executor;
  entities: EntityStore;
  clock: Clock;
  notifier: Notifier;
  cipher: Cipher;
}

/** What anybody may post to, guarded by the hook's own secret. Parsed only when the sender is known. */
export function receiveHookRoute(deps: ReceiveHookDeps): Route {
  return inboundRoute({
    method: 'post',
    path: '/hooks/{name}',
    permission: 'public',
    operationId: 'hooks.receive',
    tag: 'Inbound',
    summary: 'A request of an outside sender; becomes `automation.webhook`',
    description:
      'Checked over the raw body by the scheme of the hook. Repeats are told by the delivery header of the sender (X-GitHub-Delivery, X-Delivery-Id, Idempotency-Key, …) for seven days.',
    params: z.object({ name: z.string().min(1).max(200) }),
    bodyFormat: 'raw',
    documentedBody: {},
    bodyTypes: ['application/json', 'application/x-www-form-urlencoded', 'text/plain'],
    headers: {
      'X-Hook-Secret': 'Scheme header: the secret',
      'X-Hub-Signature-256': 'Scheme github: `sha256=<hex>` over the body',
      'X-Signature': 'Scheme timestamped: `t=<unix>,v1=<hex>` over `t.body`, at most five minutes old',
    },
    responses: {
      202: {
        description: 'Committed. A repeat is answered like the first time and does nothing',
        schema: z.object({ accepted: z.int(), changeIds: z.array(z.uuid()) }),
      },
      401: { description: 'The secret or signature is missing, wrong or too old' },
      404: { description: 'There is no such hook' },
    },
    async handler({ params, request, raw, cause }) {
      const hook = await findHook(deps.db, params.name);
      if (hook === null || hook.name !== params.name) throw notFound('hook', params.name);
      const secrets = hook.secrets.map((sealed) => deps.cipher.open(hookSecretName(hook.id), sealed));
      const now = deps.clock.now();
      const { headers } = request;
      if (!isFromSender({ ...hook, secrets }, { headers, raw, now })) {
        throw new FermataError('unauthorized', 'The secret or signature of the hook is missing, wrong or too old.');
      }
      const body = bodyOf(raw, headers['content-type']);
      const query = queryOf(request.originalUrl);
      assertStorable({ query, headers: headers['content-type'] ?? '' });
      const write = { tx: deps.db, entities: deps.entities, cause, now };
      const { changeIds } = await receiveHook(write, {
        ...{ hook, body, headers, query },
        method: request.method,
        signatureHeader: signatureHeader(hook),
      });
      deps.notifier.changes();
      return json(202, { accepted: 1, changeIds });
    },
  });
}

/** JSON and forms as values, everything else as text. */
function bodyOf(raw: Buffer, contentType: string | undefined): unknown {
  if (raw.length === 0) return null;
  const type = mediaTypeOf(contentType);
  const text = decodeUtf8(raw);
  if (isJsonType(type)) return parseJson(text);
  const value = type === 'application/x-www-form-urlencoded' ? fieldsOf(new URLSearchParams(text)) : text;
  assertStorable(value);
  return value;
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
