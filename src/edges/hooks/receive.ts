import type { IncomingHttpHeaders } from 'node:http';
import { appendChanges, type NewEvent } from '../../db/change-log';
import { claimDelivery, deliveryKey, type DeliveryIdentity } from '../../db/claim-deliveries';
import { toStorable } from '../../domain/entities/storable';
import type { Expectation } from '../../domain/hooks/scheme';
import type { HookScheme } from '../../domain/hooks/scheme-names';
import type { DomainWrite } from '../../domains/domain-write';
import { typedEventOf } from './forge';

/**
 * Headers in which senders identify a delivery. The first one that is present is used, unless the hook names a header.
 */
const DELIVERY_HEADERS = [
  'x-github-delivery',
  'x-delivery-id',
  'webhook-id',
  'svix-id',
  'x-atlassian-webhook-identifier',
  'idempotency-key',
] as const;

/** Matches names of headers that may contain credentials. Automations do not receive these headers. */
const CREDENTIAL = new RegExp(
  [
    'authorization|^authentication$|(^|[-_])auth$|bearer|credential|^(set-)?cookie$',
    'secret|token|password|passwd|passphrase|signature|hmac|^x-amz-security',
    // Proxies that authenticate callers pass on signed claims.
    'jwt|dpop|assertion|oidc-data',
    '(api|access|auth|functions|subscription|private|shared|master)[-_]?key',
  ].join('|'),
);

/** A request to a hook whose sender has been verified. */
export interface HookRequest {
  hook: { id: string; name: string; scheme: HookScheme };
  body: unknown;
  headers: IncomingHttpHeaders;
  query: Record<string, string | string[]>;
  method: string;
  expected: Expectation;
  /** Hash of the signed content, or null if there is no signature. */
  signedHash: string | null;
  /** Lower-case names of the headers that the hook hides. */
  hideHeaders: readonly string[];
}

/**
 * Accepts a request as the event `automation.webhook`, and as a typed event of GitHub or GitLab, in the caller's
 * transaction. Does not accept a delivery again if the same hook accepted it within the last seven days, or a copy of a
 * signed request within the tolerance. In both cases, returns the original change ids.
 */
export async function receiveHook(write: DomainWrite, request: HookRequest): Promise<{ changeIds: string[] }> {
  const { hook, body, headers, query, method } = request;
  const common = {
    ...{ kind: 'webhook', id: hook.name, occurredAt: write.now },
    cause: { ...write.cause, actor: { type: 'service' as const, id: `hook:${hook.name}` } },
  };
  const event: NewEvent & { changeId: string } = {
    ...{ ...common, changeId: write.entities.ids.next(), event: 'automation.webhook', contextKey: null },
    payload: { hook: hook.name, body, headers: shownHeaders(request), query, method },
  };
  const typed = typedEventOf(hook.scheme, headers, body);
  const events = [event];
  if (typed !== null) {
    const payload = { ...typed.payload, hook: hook.name };
    events.push({ ...common, ...typed, changeId: write.entities.ids.next(), payload });
  }
  const changeIds = events.map(({ changeId }) => changeId);
  const known = await claimDelivery(write.tx, identitiesOf(request), changeIds);
  if (known !== undefined) return { changeIds: known };
  await appendChanges(write.tx, events);
  return { changeIds };
}

/**
 * Returns the identities by which a repeated delivery is recognised: its delivery header and the hash of its signed
 * content, if it has them. If the signature covers a timestamp, the hash is kept for as long as the signature is valid;
 * otherwise, for `toleranceSeconds`.
 */
export function identitiesOf({
  hook,
  headers,
  expected,
  signedHash,
}: Pick<HookRequest, 'headers' | 'expected' | 'signedHash'> & { hook: { id: string } }): DeliveryIdentity[] {
  const identities: DeliveryIdentity[] = [];
  const names = expected.deliveryHeader === undefined ? DELIVERY_HEADERS : [expected.deliveryHeader];
  const name = names.find(
    (each) => each !== expected.header && typeof headers[each] === 'string' && headers[each] !== '',
  );
  if (name !== undefined) identities.push({ key: deliveryKey('hook', hook.id, name, String(headers[name])) });
  if (signedHash !== null) {
    // The timestamp may be in the future by up to the tolerance, so a copy can be valid for twice the tolerance.
    const timed = expected.kind === 'timestamped' || expected.hmac?.timestampHeader !== undefined;
    const ttlSeconds = expected.toleranceSeconds * (timed ? 2 : 1);
    identities.push({ key: deliveryKey('hook-signature', hook.id, signedHash), ttlSeconds });
  }
  return identities;
}

/** Returns the headers that automations receive: all except credentials and the headers that the hook hides. */
export function shownHeaders({
  headers,
  expected,
  hideHeaders,
}: Pick<HookRequest, 'headers' | 'expected' | 'hideHeaders'>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const hidden = name === expected.header || hideHeaders.includes(name) || CREDENTIAL.test(name);
      return hidden || typeof value !== 'string' ? [] : [[name, toStorable(value)]];
    }),
  );
}
