import type { IncomingAlert } from '../../domains/alert/incoming-alert';
import { field, fieldsOf, instant, present, required, runbookIn, text, type Fields } from './fields';
import { ElementError, element, type AlertSender, type Element } from './sender';

/** Returns an alarm's dimensions (`[{name, value}]`) as labels. */
function dimensionsOf(alarm: Fields): Record<string, string> {
  const trigger = field(alarm, 'Trigger');
  const own = field(trigger, 'Dimensions');
  // An alarm on a metric math expression has its dimensions in its metrics.
  const metrics = field(trigger, 'Metrics');
  const nested = Array.isArray(metrics)
    ? metrics.flatMap((each: unknown) => field(each, 'MetricStat', 'Metric', 'Dimensions') ?? [])
    : [];
  const all: unknown[] = [...(Array.isArray(own) ? own : []), ...nested];
  return Object.fromEntries(
    all.flatMap((each) => {
      const [name, value] = [text(each, 'name'), text(each, 'value')];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
}

function alarmOf(body: Fields): Fields {
  const message = required(body, 'Message');
  try {
    return fieldsOf(JSON.parse(message), 'Message');
  } catch {
    throw new ElementError('Message: must be the JSON of a CloudWatch alarm');
  }
}

function readAlarm(alarm: Fields): Element {
  const state = required(alarm, 'NewStateValue');
  if (state === 'INSUFFICIENT_DATA') return { kind: 'nothing' };
  if (state !== 'ALARM' && state !== 'OK') throw new ElementError(`NewStateValue: "${state}" is unknown`);
  const at = instant(alarm['StateChangeTime']);
  const description = text(alarm, 'AlarmDescription');
  const dimensions = dimensionsOf(alarm);
  const alert: IncomingAlert = {
    fingerprint: `sns:${required(alarm, 'AlarmArn')}`,
    status: state === 'ALARM' ? 'firing' : 'resolved',
    labels: {
      severity: 'critical',
      ...dimensions,
      ...present({
        alertname: required(alarm, 'AlarmName'),
        region: text(alarm, 'Region'),
        account: text(alarm, 'AWSAccountId'),
        namespace: text(alarm, 'Trigger', 'Namespace'),
        metric: text(alarm, 'Trigger', 'MetricName'),
        instance: dimensions['InstanceId'],
      }),
    },
    annotations: present({
      summary: text(alarm, 'AlarmName'),
      description,
      reason: state === 'ALARM' ? text(alarm, 'NewStateReason') : undefined,
      runbook_url: runbookIn(description),
    }),
    source: 'sns',
    ...(at && (state === 'ALARM' ? { startsAt: at } : { endsAt: at })),
  };
  return { kind: 'alert', alert };
}

function read(input: unknown): Element {
  const body = fieldsOf(input, 'The body');
  switch (text(body, 'Type')) {
    case 'Notification':
      return readAlarm(alarmOf(body));
    case 'SubscriptionConfirmation':
    case 'UnsubscribeConfirmation':
      throw new ElementError(
        'Type: subscriptions are confirmed only at /ingest/sns/{hook}, if the hook has the scheme sns and lists the topic',
      );
    case undefined:
      // With raw message delivery, the body is the alarm itself.
      return readAlarm(body);
    default:
      throw new ElementError('Type: must be Notification');
  }
}

/**
 * Reads CloudWatch alarms that arrive through Amazon SNS
 * (https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html).
 */
export const snsSender: AlertSender = {
  id: 'sns',
  receives: 'CloudWatch alarms through Amazon SNS',
  read: (body) => ({ elements: [element(() => read(body))] }),
};
