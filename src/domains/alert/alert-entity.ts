import { z } from 'zod';
import type { EntityChange, Occurrence } from '../../domain/entities/change';
import { sameJson } from '../../domain/entities/diff';
import type { EntityKind } from '../../domain/entities/entity-kind';

export const ALERT_KIND = 'alert';

export const AlertStatus = z.enum(['firing', 'resolved']);
export type AlertStatus = z.infer<typeof AlertStatus>;

export const EndedBy = z.enum(['sender', 'stale', 'person']);
export type EndedBy = z.infer<typeof EndedBy>;

const Texts = z.record(z.string(), z.string());

/** State of an alert. Times are in ISO 8601. */
export const AlertState = z.strictObject({
  status: AlertStatus,
  /** Label `alertname`. */
  name: z.string().nullable(),
  /** Label `severity`. */
  severity: z.string().nullable(),
  labels: Texts,
  annotations: Texts,
  /** When the episode began. */
  startsAt: z.string(),
  /** When the episode ended; absent while the alert is firing. */
  endsAt: z.string().optional(),
  endedBy: EndedBy.optional(),
  /** Where the alert comes from: the sender in `/ingest/{sender}`, or the name of the hook. */
  source: z.string(),
  receiver: z.string().optional(),
  generatorUrl: z.string().optional(),
  dashboardUrl: z.string().optional(),
  silenceUrl: z.string().optional(),
  /** Annotation `runbook_url`. */
  runbookUrl: z.string().optional(),
  value: z.unknown().optional(),
  systemId: z.string().optional(),
  acknowledgedBy: z.string().optional(),
  acknowledgedAt: z.string().optional(),
  /**
   * End of the silence that covered the alert when its state was last written; the latest end if several silences
   * covered it. It is kept after the end of the silence, until the episode ends.
   */
  silencedUntil: z.string().optional(),
});
export type AlertState = z.infer<typeof AlertState>;

/** Fields that are not reactive: changing only these fields appends no change row, and changes do not list them. */
export const NON_REACTIVE_FIELDS = [
  'receiver',
  'generatorUrl',
  'dashboardUrl',
  'silenceUrl',
  'runbookUrl',
  'value',
] as const;

/** Facts about the alert's group, from the last message that contained them. */
export const GroupFacts = z.object({
  groupLabels: Texts.default({}),
  commonLabels: Texts.default({}),
  externalUrl: z.string().nullable().default(null),
  groupKey: z.string().nullable().default(null),
  /** Number of alerts in the group that the sender left out of the message. */
  truncatedAlerts: z.int().default(0),
});
export type GroupFacts = z.infer<typeof GroupFacts>;

/** The silence that covered an alert when a change was written. */
export const CoveringSilence = z.object({
  id: z.string(),
  comment: z.string(),
  createdBy: z.string(),
  endsAt: z.string(),
});
export type CoveringSilence = z.infer<typeof CoveringSilence>;

/** Facts that are stored with a change of an alert, in addition to its state. */
export const AlertChangeContext = GroupFacts.extend({ silence: CoveringSilence.optional() });
export type AlertChangeContext = z.infer<typeof AlertChangeContext>;

/** Fields whose change fires `alert.changed`. */
const CHANGED_EVENT_FIELDS = ['severity', 'labels', 'annotations'] as const;

/** Returns the events that a state change causes, in the order in which they are routed. */
export function alertEvents(prev: AlertState | null, next: AlertState): string[] {
  const events: string[] = [];
  if (next.status === 'resolved') {
    if (prev?.status === 'firing') events.push('alert.resolved');
    return events;
  }
  if (prev?.status !== 'firing') events.push('alert.fired');
  else if (CHANGED_EVENT_FIELDS.some((field) => !sameJson(prev[field], next[field]))) events.push('alert.changed');
  const wasAcknowledged = prev?.status === 'firing' && prev.acknowledgedAt !== undefined;
  if (next.acknowledgedAt !== undefined && !wasAcknowledged) events.push('alert.acknowledged');
  return events;
}

/**
 * Events that start no runs while a silence covers the alert or, after the silence has ended, until the next episode.
 */
const SILENCED_EVENTS: ReadonlySet<string> = new Set(['alert.fired', 'alert.changed']);

function derive(change: EntityChange): Occurrence[] {
  if (change.next === null) return [];
  const prev = change.prev === null ? null : AlertState.parse(change.prev);
  const next = AlertState.parse(change.next);
  const { silence, ...group } = AlertChangeContext.parse(change.context ?? {});
  const payload = {
    ...next,
    fingerprint: change.id,
    previousStatus: prev?.status ?? null,
    ...group,
    changedFields: change.changedFields,
    timestamp: change.occurredAt.toISOString(),
  };
  const silenced = silence === undefined ? endedDetail(next) : coveringDetail(silence);
  return alertEvents(prev, next).map((event) => ({
    event,
    payload,
    ...(SILENCED_EVENTS.has(event) && silenced !== undefined && { silenced }),
  }));
}

/**
 * Returns text that describes the silence that covered an alert when a change was written, or undefined if none did.
 */
export function silencedDetail(context: EntityChange['context']): string | undefined {
  const { silence } = AlertChangeContext.parse(context ?? {});
  return silence && coveringDetail(silence);
}

function coveringDetail({ id, comment, createdBy, endsAt }: CoveringSilence): string {
  return `Silenced until ${endsAt} by ${createdBy}: ${comment === '' ? '(no comment)' : comment} (silence ${id})`;
}

/**
 * Returns why an alert starts no runs after a silence in its episode has ended, or undefined if no silence has ended.
 */
function endedDetail({ silencedUntil }: AlertState): string | undefined {
  if (silencedUntil === undefined) return undefined;
  return `A silence ended at ${silencedUntil}: the alert starts no run until its next episode`;
}

/**
 * Alerts as entities. The table `alerts` has the fields that are not part of the state, such as the number of repeats,
 * and copies of the fields by which lists can be filtered.
 */
export const alertKind: EntityKind = {
  kind: ALERT_KIND,
  description: 'An alert of a monitoring system; the id is its fingerprint',
  schema: AlertState,
  derive,
};
