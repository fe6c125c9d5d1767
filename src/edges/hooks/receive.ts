import type { IncomingHttpHeaders } from 'node:http';
import { appendChanges, type NewEvent } from '../../db/change-log';
import { deliveryKey } from '../../db/claim-deliveries';
import { deliverEvents } from '../../db/deliver-events';
import type { DomainWrite } from '../../domains/domain-write';

/** Headers in which senders say which delivery this is; the first present one tells repeats. */
const DELIVERY_HEADERS = [
  'x-github-delivery',
  'x-delivery-id',
  'webhook-id',
  'svix-id',
  'x-gitlab-event-uuid',
  'x-atlassian-webhook-identifier',
  'idempotency-key',
] as const;

/** Headers that automations get to see. None of them carries a credential. */
const SHOWN_HEADERS: ReadonlySet<string> = new Set([
  ...DELIVERY_HEADERS,
  'content-type',
  'user-agent',
  'x-event-type',
  'x-event-key',
  'x-github-event',
  'x-github-hook-id',
  'x-gitlab-event',
  'x-gitlab-instance',
  'x-gitea-event',
  'x-hook-event',
  'webhook-timestamp',
]);

/** A request to a hook whose sender was checked. */
export interface HookRequest {
  hook: { id: string; name: string };
  body: unknown;
  headers: IncomingHttpHeaders;
  query: Record<string, string | string[]>;
  method: string;
  /** Never shown, whatever it is called: it carried the secret or the signature. */
  signatureHeader: string | null;
}

/** Takes a request in as `automation.webhook`; the same delivery of the same hook within seven days does nothing. */
export async function receiveHook(write: DomainWrite, request: HookRequest): Promise<{ changeIds: string[] }> {
  const { hook, body, query, method } = request;
  const changeId = write.entities.ids.next();
  const event: NewEvent & { changeId: string } = {
    changeId,
    kind: 'webhook',
    id: hook.name,
    event: 'automation.webhook',
    payload: { hook: hook.name, body, headers: shownHeaders(request), query, method },
    contextKey: null,
    occurredAt: write.now,
    cause: { ...write.cause, actor: { type: 'service', id: `hook:${hook.name}` } },
  };
  const key = keyOf(request);
  if (key !== undefined) return { changeIds: await deliverEvents(write.tx, [{ ...event, key }]) };
  await appendChanges(write.tx, [event]);
  return { changeIds: [changeId] };
}

function keyOf({ hook, headers, signatureHeader }: HookRequest): string | undefined {
  for (const name of DELIVERY_HEADERS) {
    const value = headers[name];
    if (name !== signatureHeader && typeof value === 'string' && value !== '')
      return deliveryKey('hook', hook.id, name, value);
  }
  return undefined;
}

function shownHeaders({ headers, signatureHeader }: HookRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      SHOWN_HEADERS.has(name) && name !== signatureHeader && typeof value === 'string' ? [[name, value]] : [],
    ),
  );
}
