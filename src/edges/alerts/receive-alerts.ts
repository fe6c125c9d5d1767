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
      const kind = ours.get(link.key);
      if (kind !== undefined) for (const id of await follow(write, link, kind)) ids.add(id);
    }
    changeIds.push([...ids]);
  }
  return changeIds;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Returns the keys that are ids of Fermata alerts or incidents, each with its kind. */
async function oursOf(write: DomainWrite, keys: readonly string[]): Promise<Map<string, 'alert' | 'incident'>> {
  if (keys.length === 0) return new Map();
  const uuids = keys.filter((key) => UUID.test(key)).map((key) => key.toLowerCase());
  const found = await write.tx.execute<{ key: string; kind: 'alert' | 'incident' }>(sql`
    select fingerprint as key, 'alert' as kind from alerts where fingerprint = any(${sql.param(keys)}::text[])
    union all
    select id::text, 'incident' from incidents where id = any(${sql.param(uuids)}::uuid[])`);
  const byKey = new Map(found.rows.map(({ key, kind }) => [key, kind]));
  return new Map(
    keys.flatMap((key) => {
      const kind = byKey.get(key) ?? byKey.get(key.toLowerCase());
      return kind === undefined ? [] : [[key, kind] as const];
    }),
  );
}

/** Applies an action that was taken in another product to a Fermata alert or incident. */
async function follow(write: DomainWrite, link: Link, kind: 'alert' | 'incident'): Promise<string[]> {
  if (link.action === 'acknowledged') {
    if (kind === 'incident') {
      await addIncidentUpdate(write, link.key, { message: `Acknowledged by ${link.by}.` });
      return [];
    }
    try {
      return (await acknowledgeAlert(write, link.key, link.by)).changeIds;
    } catch (error) {
      // The alert has already been resolved here.
      if (!(error instanceof FermataError) || error.code !== 'not_firing') throw error;
      return [];
    }
  }
  if (link.action !== 'resolved') return [];
  const changes = await appendChanges(write.tx, [
    {
      ...{ kind: 'event', id: link.key, event: link.event, contextKey: link.key },
      payload: { ...link.payload, ...(kind === 'alert' ? { fingerprint: link.key } : { incidentId: link.key }) },
      ...{ occurredAt: write.now, cause: write.cause },
    },
  ]);
  return changes.map(({ changeId }) => changeId);
}
