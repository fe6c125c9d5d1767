import type { IncomingAlert } from '../../domains/alert/incoming-alert';
import {
  field,
  fieldsOf,
  instant,
  present,
  required,
  runbookIn,
  severityOfPriority,
  text,
  type Fields,
} from './fields';
import { element, type AlertSender, type Element, type Link } from './sender';

const FIRING = new Set(['incident.triggered', 'incident.acknowledged', 'incident.unacknowledged', 'incident.reopened']);
/**
 * What each event means if the incident key is the id of a Fermata alert or incident. All other events mean `other`.
 */
const ACTIONS: Readonly<Record<string, Link['action']>> = {
  'incident.acknowledged': 'acknowledged',
  'incident.resolved': 'resolved',
};

function severityOf(incident: Fields): string {
  return (
    severityOfPriority(text(incident, 'priority', 'summary')) ??
    (text(incident, 'urgency') === 'low' ? 'warning' : 'critical')
  );
}

function read(input: unknown): Element {
  const event = fieldsOf(field(input, 'event'), 'event');
  const type = required(event, 'event_type');
  if (!FIRING.has(type) && type !== 'incident.resolved') return { kind: 'nothing' };
  const incident = fieldsOf(event['data'], 'event.data');
  const by = text(event, 'agent', 'summary') ?? 'PagerDuty';
  const id = required(incident, 'id');
  const key = text(incident, 'incident_key');
  const action = (Object.hasOwn(ACTIONS, type) ? ACTIONS[type] : undefined) ?? 'other';
  const [title, url] = [required(incident, 'title'), text(incident, 'html_url')];
  const payload = { incidentKey: key ?? null, pagerdutyIncidentId: id, title, by, url: url ?? null };
  return {
    kind: 'alert',
    alert: alertOf(incident, { type, by, occurredAt: instant(event['occurred_at']) }),
    ...(key !== undefined && { link: { key, by, action, event: 'pagerduty.incident_resolved', payload } }),
  };
}

function alertOf(incident: Fields, event: { type: string; by: string; occurredAt: Date | undefined }): IncomingAlert {
  const isResolved = event.type === 'incident.resolved';
  const [title, url] = [required(incident, 'title'), text(incident, 'html_url')];
  const startsAt = event.type === 'incident.reopened' ? event.occurredAt : instant(incident['created_at']);
  const service = text(incident, 'service', 'summary');
  return {
    fingerprint: `pagerduty:${required(incident, 'id')}`,
    status: isResolved ? 'resolved' : 'firing',
    labels: present({ alertname: title, severity: severityOf(incident), service, urgency: text(incident, 'urgency') }),
    annotations: present({
      summary: title,
      number: text(incident, 'number'),
      runbook_url: runbookIn(title, text(incident, 'body', 'details'), JSON.stringify(incident['custom_fields'] ?? '')),
    }),
    source: 'pagerduty',
    ...(!isResolved && startsAt && { startsAt }),
    ...(isResolved && event.occurredAt && { endsAt: event.occurredAt }),
    ...(url !== undefined && { generatorUrl: url }),
    ...(event.type === 'incident.acknowledged' && { acknowledged: { by: event.by } }),
    ...(event.type === 'incident.unacknowledged' && { acknowledged: { by: null } }),
  };
}

/**
 * Reads PagerDuty V3 webhooks (https://developer.pagerduty.com/docs/webhooks-overview). `incident.unacknowledged`
 * withdraws an acknowledgement, and `incident.reopened` makes the alert fire again. Events other than
 * `incident.resolved` and those in `FIRING` are ignored.
 */
export const pagerdutySender: AlertSender = {
  id: 'pagerduty',
  receives: 'incidents of PagerDuty, from V3 webhooks',
  read(body) {
    const [id, type] = [text(body, 'event', 'id'), text(body, 'event', 'event_type')];
    const deliveryId = id === undefined ? undefined : `${type ?? ''}:${id}`;
    return { elements: [element(() => read(body))], ...(deliveryId !== undefined && { deliveryId }) };
  },
};
