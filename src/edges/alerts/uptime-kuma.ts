import type { IncomingAlert } from '../../domains/alert/incoming-alert';
import { field, fieldsOf, instant, present, required, runbookIn, text, type Fields } from './fields';
import { ElementError, element, type AlertSender, type Element } from './sender';

/** Alert status for each heartbeat status: 0 is down and 1 is up. Pending (2) and maintenance (3) have no effect. */
const STATUSES: Readonly<Record<string, IncomingAlert['status'] | null>> = {
  ...{ '0': 'firing', '1': 'resolved', '2': null, '3': null },
};

function labelsOf(monitor: Fields): Record<string, string> {
  const tags = monitor['tags'];
  if (!Array.isArray(tags)) return {};
  return Object.fromEntries(
    tags.flatMap((tag: unknown) => {
      const name = text(tag, 'name');
      return name === undefined ? [] : [[name, text(tag, 'value') ?? 'true']];
    }),
  );
}

function read(input: unknown): Element {
  const body = fieldsOf(input, 'The body');
  // Test messages and messages about certificates have no heartbeat.
  if (body['heartbeat'] === null || body['heartbeat'] === undefined) return { kind: 'nothing' };
  const heartbeat = fieldsOf(body['heartbeat'], 'heartbeat');
  const monitor = fieldsOf(body['monitor'], 'monitor');
  const given = required(heartbeat, 'status');
  const status = Object.hasOwn(STATUSES, given) ? STATUSES[given] : undefined;
  if (status === undefined) throw new ElementError('heartbeat.status: must be 0 (down) or 1 (up)');
  if (status === null) return { kind: 'nothing' };
  const at = timeOf(heartbeat);
  const [name, description] = [text(monitor, 'name'), text(monitor, 'description')];
  const tags = labelsOf(monitor);
  const target = text(monitor, 'url') ?? text(monitor, 'hostname');
  return {
    kind: 'alert',
    alert: {
      fingerprint: `uptime-kuma:${required(monitor, 'id')}`,
      status,
      labels: {
        severity: 'critical',
        ...tags,
        ...present({
          alertname: name ?? `Monitor ${required(monitor, 'id')}`,
          monitor: name,
          service: tags['service'] ?? name,
        }),
      },
      annotations: present({
        summary: name === undefined ? undefined : `${name} is down`,
        description: status === 'firing' ? text(heartbeat, 'msg') : undefined,
        runbook_url: tags['runbook_url'] ?? runbookIn(description),
      }),
      source: 'uptime-kuma',
      ...(at && (status === 'firing' ? { startsAt: at } : { endsAt: at })),
      ...(target !== undefined && /^https?:\/\/./.test(target) && { generatorUrl: target }),
    },
  };
}

/**
 * Returns a heartbeat's time, or undefined if it is invalid. A time without a zone, such as `2026-11-27 21:00:00.123`,
 * is in UTC.
 */
function timeOf(heartbeat: Fields): Date | undefined {
  const time = field(heartbeat, 'time');
  return typeof time === 'string' && !/[zZ]|[+-]\d\d:?\d\d$/.test(time)
    ? instant(`${time.replace(' ', 'T')}Z`)
    : instant(time);
}

/**
 * Reads webhook notifications from Uptime Kuma
 * (https://github.com/louislam/uptime-kuma/blob/master/server/notification-providers/webhook.js).
 */
export const uptimeKumaSender: AlertSender = {
  id: 'uptime-kuma',
  receives: 'alerts of Uptime Kuma, from a webhook notification',
  read: (body) => ({ elements: [element(() => read(body))] }),
};
