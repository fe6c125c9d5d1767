import { sql } from 'drizzle-orm';
import { appendChanges } from '../../db/change-log';
import { FermataError } from '../../domain/errors';
import { acknowledgeAlert } from '../../domains/alert/alert-operations';
import { takeAlerts, type AlertSettings } from '../../domains/alert/take-alerts';
import type { DomainWrite } from '../../domains/domain-write';
import { addIncidentUpdate } from '../../domains/incident/incidents';
import type { Element, Link, SenderMessage } from './sender';

/** An element that was rejected. */
export interface RejectedElement {
  index: number;
  message: string;
}

/** Returns the rejected elements and their positions in the message. */
export function rejectedOf(elements: readonly Element[]): RejectedElement[] {
  return elements.flatMap((each, index) => (each.kind === 'refused' ? [{ index, message: each.message }] : []));
}

/** An element that is an alert. */
export type AlertElement = Extract<Element, { kind: 'alert' }>;

/** Returns the alerts in a message. */
export const alertsOf = ({ elements }: Pick<SenderMessage, 'elements'>): AlertElement[] =>
  elements.filter((each) => each.kind === 'alert');

/**
 * Writes messages in the caller's transaction. If an element's link contains the id of a Fermata alert or incident, the
 * link's action is applied to that alert or incident. All other elements are the sender's own alerts. No two messages
 * may contain the same alert. Returns the change row ids of each message, in the order of `messages`.
 */
export async function receiveAlerts(
  write: DomainWrite,
  messages: readonly Pick<SenderMessage, 'elements'>[],
  settings: AlertSettings,
): Promise<string[][]> {
  const parts = messages.map(alertsOf);
  const linkOf = ({ link }: AlertElement) => (link === undefined ? [] : [link]);
  const ours = await oursOf(
    write,
    parts.flat().flatMap((each) => linkOf(each).map(({ key }) => key)),
  );
  const own = parts.map((alerts) =>
    alerts.flatMap(({ alert, link }) => (link !== undefined && ours.has(link.key) ? [] : [alert])),
  );
  const taken = await takeAlerts(write, own.flat(), settings);
  const changeIds: string[][] = [];
  for (const [index, alerts] of parts.entries()) {
    const changes = (own[index] ?? []).flatMap(({ fingerprint }) => taken.get(fingerprint) ?? []);
    const ids = new Set([
      ...changes.flatMap(({ changeId }) => changeId ?? []),
      ...changes.flatMap(({ healthChangeIds }) => healthChangeIds),
    ]);
    for (const link of alerts.flatMap(linkOf)) {
      const target = ours.get(link.key);
      if (target !== undefined) for (const id of await follow(write, link, target)) ids.add(id);
    }
    changeIds.push([...ids]);
  }
  return changeIds;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const SHA256 = /^[0-9a-f]{64}$/;

/** A Fermata alert or incident. */
interface Own {
  kind: 'alert' | 'incident';
  id: string;
}

/** Returns the keys that identify Fermata alerts or incidents, each with its alert or incident. */
async function oursOf(write: DomainWrite, keys: readonly string[]): Promise<Map<string, Own>> {
  if (keys.length === 0) return new Map();
  const uuids = keys.filter((key) => UUID.test(key)).map((key) => key.toLowerCase());
  const found = await write.tx.execute<Own & Record<string, unknown>>(sql`
    select fingerprint as id, 'alert' as kind from alerts where fingerprint = any(${sql.param(keys)}::text[])
    union all
    select id::text, 'incident' from incidents where id = any(${sql.param(uuids)}::uuid[])`);
  const byId = new Map<string, Own>(found.rows.map((own) => [own.id, own]));
  const byKey = keys.flatMap((key) => {
    const own = byId.get(key) ?? byId.get(key.toLowerCase());
    return own === undefined ? [] : [[key, own] as const];
  });
  return new Map([...(await hashedOf(write, keys)), ...byKey]);
}

/**
 * Returns the keys that are the hash of an alert's id. An id that is longer than a vendor allows is sent as its hash
 * (`boundedKey`); vendors allow at least 255 characters. Only alerts with such ids are read (`alerts_long_ids`).
 */
async function hashedOf(write: DomainWrite, keys: readonly string[]): Promise<Map<string, Own>> {
  const hashes = keys.filter((key) => SHA256.test(key));
  if (hashes.length === 0) return new Map();
  const found = await write.tx.execute<{ id: string; key: string }>(sql`
    select id, key from alerts, lateral (
      select fingerprint as id, encode(sha256(convert_to(fingerprint, 'UTF8')), 'hex') as key) as hashed
    where octet_length(fingerprint) > 255 and key = any(${sql.param(hashes)}::text[])`);
  return new Map(found.rows.map(({ id, key }) => [key, { kind: 'alert', id }]));
}

/** Applies an action that was taken in another product to a Fermata alert or incident. */
async function follow(write: DomainWrite, link: Link, { kind, id }: Own): Promise<string[]> {
  if (link.action === 'acknowledged') {
    if (kind === 'incident') {
      await addIncidentUpdate(write, id, { message: `Acknowledged by ${link.by}.` });
      return [];
    }
    try {
      return (await acknowledgeAlert(write, id, link.by)).changeIds;
    } catch (error) {
      // The alert has already been resolved here.
      if (!(error instanceof FermataError) || error.code !== 'not_firing') throw error;
      return [];
    }
  }
  if (link.action !== 'resolved') return [];
  const changes = await appendChanges(write.tx, [
    {
      ...{ kind: 'event', id, event: link.event, contextKey: id },
      payload: { ...link.payload, ...(kind === 'alert' ? { fingerprint: id } : { incidentId: id }) },
      ...{ occurredAt: write.now, cause: write.cause },
    },
  ]);
  return changes.map(({ changeId }) => changeId);
}
