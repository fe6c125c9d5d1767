import type { GroupFacts } from '../../domains/alert/alert-entity';
import { field, fieldsOf, instant, text, textMap, type Fields } from './fields';
import { labelFingerprint } from './label-fingerprint';
import { ElementError, element, type AlertSender, type Element, type SenderMessage } from './sender';

/** Maximum length in characters of a sender-supplied fingerprint. */
export const MAX_FINGERPRINT_LENGTH = 400;

/** Returns the alert group's facts that are present in the message. Facts that are absent keep their stored values. */
function groupOf(body: Fields): Partial<GroupFacts> {
  const carries = (name: string) => Object.hasOwn(body, name);
  return {
    ...(carries('groupLabels') && { groupLabels: textMapOrNone(body['groupLabels']) }),
    ...(carries('commonLabels') && { commonLabels: textMapOrNone(body['commonLabels']) }),
    ...(carries('externalURL') && { externalUrl: text(body, 'externalURL') ?? null }),
    ...(carries('groupKey') && { groupKey: text(body, 'groupKey') ?? null }),
    ...(carries('truncatedAlerts') && { truncatedAlerts: truncatedIn(body) }),
  };
}

/** Returns the number of alerts in the group that the sender omitted from the message because of its own limit. */
function truncatedIn(body: Fields): number {
  const count = Number(body['truncatedAlerts'] ?? 0);
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

/**
 * Returns `value` as a map of strings, or an empty map if it is malformed. A malformed group does not invalidate its
 * alerts.
 */
function textMapOrNone(value: unknown): Record<string, string> {
  try {
    return textMap(value, '');
  } catch {
    return {};
  }
}

function valueOf(alert: Fields): unknown {
  const values = field(alert, 'values');
  return values !== null && values !== undefined ? values : text(alert, 'valueString');
}

function readAlert(source: string, input: unknown, shared: Pick<ReadAlert, 'group' | 'receiver'>): Element {
  const alert = fieldsOf(input, 'alert');
  const status = alert['status'];
  if (status !== 'firing' && status !== 'resolved') throw new ElementError('status: must be "firing" or "resolved"');
  const labels = textMap(alert['labels'], 'labels');
  const given = text(alert, 'fingerprint');
  if (given === undefined && Object.keys(labels).length === 0) {
    throw new ElementError('labels: must not be empty without a fingerprint');
  }
  const fingerprint = given ?? labelFingerprint(labels);
  if (fingerprint.length > MAX_FINGERPRINT_LENGTH) {
    throw new ElementError(`fingerprint: must have at most ${MAX_FINGERPRINT_LENGTH} characters`);
  }
  const [startsAt, endsAt] = [instant(alert['startsAt']), instant(alert['endsAt'])];
  const generatorUrl = text(alert, 'generatorURL');
  const dashboardUrl = text(alert, 'dashboardURL') ?? text(alert, 'panelURL');
  const silenceUrl = text(alert, 'silenceURL');
  const value = valueOf(alert);
  return {
    kind: 'alert',
    alert: {
      fingerprint: source === 'alertmanager' ? fingerprint : `${source}:${fingerprint}`,
      ...{ status, labels, source, annotations: textMap(alert['annotations'], 'annotations') },
      ...(startsAt && { startsAt }),
      ...(endsAt && { endsAt }),
      ...(generatorUrl !== undefined && { generatorUrl }),
      ...(dashboardUrl !== undefined && { dashboardUrl }),
      ...(silenceUrl !== undefined && { silenceUrl }),
      ...(value !== undefined && { value }),
      ...(shared.receiver !== undefined && { receiver: shared.receiver }),
      ...(shared.group && { group: shared.group }),
    },
  };
}

type ReadAlert = Extract<Element, { kind: 'alert' }>['alert'];

function read(source: string, input: unknown): SenderMessage {
  const body = fieldsOf(input, 'The body');
  const alerts = body['alerts'];
  if (!Array.isArray(alerts)) throw new ElementError('alerts: must be a list');
  const receiver = text(body, 'receiver');
  const shared = { group: groupOf(body), ...(receiver !== undefined && { receiver }) };
  const truncated = truncatedIn(body);
  return {
    elements: alerts.map((alert: unknown) => element(() => readAlert(source, alert, shared))),
    ...(truncated > 0 && {
      warnings: [`The sender left out ${truncated} alerts of the group (truncatedAlerts): raise max_alerts there.`],
    }),
  };
}

/**
 * Reads webhooks from Alertmanager and from products that use its format: Grafana, Mimir, and vmalert (through
 * Alertmanager).
 */
export const alertmanagerSender: AlertSender = {
  id: 'alertmanager',
  receives: 'alerts of Prometheus Alertmanager',
  read: (body) => read('alertmanager', body),
};

/** Reads Grafana Alerting webhooks. Their format is Alertmanager's, with additional values and dashboard links. */
export const grafanaSender: AlertSender = {
  id: 'grafana',
  receives: 'alerts of Grafana Alerting',
  read: (body) => read('grafana', body),
};
