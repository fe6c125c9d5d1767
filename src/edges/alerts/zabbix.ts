import type { IncomingAlert } from '../../domains/alert/incoming-alert';
import { fieldsOf, present, required, runbookIn, text } from './fields';
import { ElementError, element, type AlertSender } from './sender';

/** Severity for each name in {TRIGGER.SEVERITY} and each number in {TRIGGER.NSEVERITY}. */
const SEVERITIES: Readonly<Record<string, string>> = {
  ...{ '5': 'critical', disaster: 'critical', '4': 'error', high: 'error', '3': 'warning', average: 'warning' },
  ...{ '2': 'warning', warning: 'warning', '1': 'info', information: 'info', '0': 'info', 'not classified': 'info' },
};

/**
 * Returns tags as labels. Accepts a list of `{tag, value}` objects ({EVENT.TAGSJSON}) or of `name:value` strings, the
 * JSON of such a list, or `name:value` pairs separated by commas.
 */
function tagsOf(value: unknown): Record<string, string> {
  const given = typeof value === 'string' ? parsed(value) : value;
  if (!Array.isArray(given)) return {};
  return Object.fromEntries(
    given.flatMap((tag: unknown) => {
      if (typeof tag === 'string') {
        const [name = '', ...rest] = tag.split(':');
        return name === '' ? [] : [[name.trim(), rest.join(':').trim() || 'true']];
      }
      const name = text(tag, 'tag');
      return name === undefined ? [] : [[name, text(tag, 'value') ?? 'true']];
    }),
  );
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json.split(',').filter((tag) => tag.trim() !== '');
  }
}

function read(input: unknown): { alert: IncomingAlert } {
  const body = fieldsOf(input, 'The body');
  const value = required(body, 'value');
  if (value !== '1' && value !== '0') throw new ElementError('value: must be 1 (problem) or 0 (resolved)');
  const tags = tagsOf(body['tags']);
  const name = text(body, 'name');
  const severity = text(body, 'severity')?.toLowerCase() ?? '';
  const host = text(body, 'host');
  const description = text(body, 'description') ?? text(body, 'message');
  const url = text(body, 'url');
  return {
    alert: {
      fingerprint: `zabbix:${required(body, 'trigger_id')}`,
      status: value === '1' ? 'firing' : 'resolved',
      labels: {
        severity: (Object.hasOwn(SEVERITIES, severity) ? SEVERITIES[severity] : undefined) ?? 'warning',
        ...tags,
        ...present({ alertname: name ?? `Trigger ${required(body, 'trigger_id')}`, host, instance: host }),
      },
      annotations: present({
        summary: name,
        description,
        event_id: undefined,
        runbook_url: tags['runbook_url'] ?? tags['runbook'] ?? text(body, 'runbook_url') ?? runbookIn(description),
      }),
      source: 'zabbix',
      ...(url !== undefined && { generatorUrl: url }),
    },
  };
}

/**
 * Reads messages from Zabbix's webhook media type, whose script posts the macros of an event
 * (https://www.zabbix.com/documentation/current/en/manual/config/notifications/media/webhook).
 */
export const zabbixSender: AlertSender = {
  id: 'zabbix',
  receives: 'problems of Zabbix, from a webhook media type with the script of docs/alerts.md',
  read: (body) => ({ elements: [element(() => ({ kind: 'alert', ...read(body) }))] }),
};
