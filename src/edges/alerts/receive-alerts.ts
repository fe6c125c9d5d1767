import { sql } from 'drizzle-orm';
import { appendChanges } from '../../db/change-log';
import { FermataError } from '../../domain/errors';
import { acknowledgeAlert } from '../../domains/alert/alert-operations';
import { takeAlerts, type AlertSettings } from '../../domains/alert/take-alerts';
import type { DomainWrite } from '../../domains/domain-write';
import { addIncidentUpdate } from '../../domains/incident/incidents';
import type { Element, Link, SenderMessage } from './sender';

/** An element that was not taken. */
export interface Rejected {
  index: number;
  message: string;
}

/** The elements that were refused, with their places. */
export function rejectedOf(elements: readonly Element[]): Rejected[] {
  return elements.flatMap((each, index) => (each.kind === 'refused' ? [{ index, message: each.message }] : []));
}

type Linked = Extract<Element, { kind: 'alert' }> & { link: Link };

/**
 * Takes what a message holds in the caller's transaction: elements whose key is the id of an alert or incident here act on
 * that one, all others are alerts of their own. Returns the ids of the change rows.
 */
export async function receiveAlerts(
  write: DomainWrite,
  { elements }: Pick<SenderMessage, 'elements'>,
  settings: AlertSettings,
): Promise<{ changeIds: string[] }> {
  const alerts = elements.filter((each) => each.kind === 'alert');
  const linked = alerts.filter((each): each is Linked => each.link !== undefined);
  const ours = await oursOf(
    write,
    linked.map(({ link }) => link.key),
  );
  const own = alerts.filter(({ link }) => link === undefined || !ours.has(link.key));
  const taken = await takeAlerts(
    write,
    own.map(({ alert }) => alert),
    settings,
  );
  const changeIds = [...taken.changeIds];
  for (const { link } of linked) {
    const kind = ours.get(link.key);
    if (kind !== undefined) changeIds.push(...(await follow(write, link, kind)));
  }
  return { changeIds };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Which keys are ids of alerts or incidents here. */
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

/** Does here what somebody did there. */
async function follow(write: DomainWrite, link: Link, kind: 'alert' | 'incident'): Promise<string[]> {
  if (link.action === 'acknowledged') {
    if (kind === 'incident') {
      await addIncidentUpdate(write, link.key, { message: `Acknowledged by ${link.by}.` });
      return [];
    }
    try {
      await acknowledgeAlert(write, link.key, link.by);
    } catch (error) {
      // It has ended here meanwhile.
      if (!(error instanceof FermataError) || error.code !== 'not_firing') throw error;
    }
    return [];
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
