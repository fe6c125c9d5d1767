import type { IncomingAlert } from '../../domains/alert/incoming-alert';
import { labelsOfTags } from './datadog';
import { field, fieldsOf, instant, present, required, runbookIn, severityOfPriority, text, textMap } from './fields';
import { element, type AlertSender, type Element, type Link } from './sender';

/**
 * The alert status that results from each action, and what the action means if the alias is the id of a Fermata alert
 * or incident. All other actions (notes, owners, escalations) are ignored.
 */
const ACTIONS: Readonly<Record<string, { status: IncomingAlert['status']; link: Link['action'] }>> = {
  Create: { status: 'firing', link: 'other' },
  Acknowledge: { status: 'firing', link: 'acknowledged' },
  UnAcknowledge: { status: 'firing', link: 'other' },
  UpdatePriority: { status: 'firing', link: 'other' },
  Close: { status: 'resolved', link: 'resolved' },
  Delete: { status: 'resolved', link: 'resolved' },
};

function read(input: unknown): Element {
  const body = fieldsOf(input, 'The body');
  const action = required(body, 'action');
  const known = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
  if (known === undefined) return { kind: 'nothing' };
  const alert = fieldsOf(body['alert'], 'alert');
  const id = required(alert, 'alertId');
  const by = text(alert, 'username') ?? text(body, 'source', 'name') ?? 'Opsgenie';
  const tags = alert['tags'];
  const labels = labelsOfTags(Array.isArray(tags) ? tags.map(String) : []);
  const details = detailsOf(field(alert, 'details'));
  const [message, description] = [required(alert, 'message'), text(alert, 'description')];
  const severity = details['severity'] ?? severityOfPriority(text(alert, 'priority')) ?? 'warning';
  const runbookUrl = details['runbook_url'] ?? details['runbook'] ?? runbookIn(description);
  const at = instant(alert['updatedAt']) ?? instant(alert['createdAt']);
  const startsAt = instant(alert['createdAt']);
  const alias = text(alert, 'alias');
  // Only Create and custom actions include the description and the details.
  const partial = action === 'Create' ? undefined : { replaces: action === 'UpdatePriority' ? ['severity'] : [] };
  return {
    kind: 'alert',
    alert: {
      fingerprint: `opsgenie:${id}`,
      status: known.status,
      labels: { ...labels, ...details, ...present({ alertname: message, severity, entity: text(alert, 'entity') }) },
      annotations: present({ summary: message, description, runbook_url: runbookUrl }),
      source: 'opsgenie',
      ...(partial && { partial }),
      ...(known.status === 'firing' && startsAt && { startsAt }),
      ...(known.status === 'resolved' && at && { endsAt: at }),
      ...acknowledgementOf(action, by),
    },
    ...(alias !== undefined && { link: linkOf({ alias, by, id, title: message, action: known.link }) }),
  };
}

function acknowledgementOf(action: string, by: string): Pick<IncomingAlert, 'acknowledged'> {
  if (action === 'Acknowledge') return { acknowledged: { by } };
  return action === 'UnAcknowledge' ? { acknowledged: { by: null } } : {};
}

function linkOf(alert: { alias: string; by: string; id: string; title: string; action: Link['action'] }): Link {
  const { alias, by, id, title, action } = alert;
  return {
    ...{ key: alias, by, action, event: 'opsgenie.alert_closed' },
    payload: { alias, opsgenieAlertId: id, title, by, url: null },
  };
}

/**
 * Returns an id that is the same each time Opsgenie sends a message. Opsgenie resends a message if it receives no
 * response, and its messages have no ids. Each action updates the alert, so the id is derived from the update time.
 * Returns undefined if the message lacks the update time or the alert id.
 */
function deliveryIdOf(body: unknown): string | undefined {
  const [id, updatedAt] = [text(body, 'alert', 'alertId'), text(body, 'alert', 'updatedAt')];
  if (id === undefined || updatedAt === undefined) return undefined;
  return JSON.stringify([text(body, 'action'), id, text(body, 'alert', 'createdAt'), updatedAt]);
}

/** Returns the details whose values are strings, numbers or booleans. Converts the values to strings. */
function detailsOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return textMap(Object.fromEntries(Object.entries(value).filter(([, each]) => typeof each !== 'object')), 'details');
}

/**
 * Reads messages from Opsgenie's webhook integration
 * (https://support.atlassian.com/opsgenie/docs/opsgenie-edge-connector-alert-action-data/).
 */
export const opsgenieSender: AlertSender = {
  id: 'opsgenie',
  receives: 'alerts of Opsgenie or Jira Service Management, from a webhook integration',
  read(body) {
    const deliveryId = deliveryIdOf(body);
    return { elements: [element(() => read(body))], ...(deliveryId !== undefined && { deliveryId }) };
  },
};
