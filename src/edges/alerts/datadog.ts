import { fieldsOf, instant, present, required, runbookIn, severityOfPriority, text } from './fields';
import { ElementError, element, type AlertSender, type Element } from './sender';

/**
 * Converts tags such as `env:prod,host:web-1,urgent` to labels. A tag without a value gets the value `true`. If a name
 * has several values, they are joined.
 */
export function labelsOfTags(tags: readonly string[]): Record<string, string> {
  const labels = new Map<string, string>();
  for (const tag of tags) {
    const [, name = '', value = 'true'] = /^\s*([^:]+?)\s*(?::\s*(.*?)\s*)?$/s.exec(tag) ?? [];
    if (name !== '') labels.set(name, labels.has(name) ? `${labels.get(name)},${value}` : value);
  }
  return Object.fromEntries(labels);
}

/** Matches the priority and transition that precede a monitor's name. */
const PREFIX = /^\s*(?:\[P[1-5]\]\s*)?(?:\[(?:re-)?(?:triggered|recovered|warn|no data|renotify)[^\]]*\]\s*)?/i;

/**
 * Returns the part of a title that is the same for all transitions: `[P1] [Triggered on {host:web-1}] CPU is high`
 * becomes `CPU is high`.
 */
const withoutPrefix = (title: string): string => title.replace(PREFIX, '');

const FIRING = /^(?:re-)?(?:triggered|no data|warn)$|^renotify$/i;
const RESOLVED = /recovered$/i;

function severityOf(transition: string, priority: string | undefined): string {
  return severityOfPriority(priority) ?? (/warn|no data/i.test(transition) ? 'warning' : 'error');
}

function read(input: unknown): Element {
  const body = fieldsOf(input, 'The body');
  const id = required(body, 'id');
  const scope = text(body, 'scope');
  const transition = required(body, 'transition');
  // Datadog documents this value for notifications that change no status.
  if (/^null$/i.test(transition)) return { kind: 'nothing' };
  const isFiring = FIRING.test(transition);
  if (!isFiring && !RESOLVED.test(transition)) {
    throw new ElementError(`transition: "${transition}" is not a value that Datadog documents for $ALERT_TRANSITION`);
  }
  const at = instant(body['date']);
  const [title = '', description] = [text(body, 'title'), text(body, 'body')];
  const tags = labelsOfTags((text(body, 'tags') ?? '').split(',').filter((tag) => tag.trim() !== ''));
  const link = text(body, 'link');
  const labels = { ...tags, alertname: withoutPrefix(title) || `Monitor ${id}` };
  return {
    kind: 'alert',
    alert: {
      fingerprint: `datadog:${id}${scope === undefined ? '' : `:${scope}`}`,
      status: isFiring ? 'firing' : 'resolved',
      labels: { severity: severityOf(transition, text(body, 'priority')), ...labels },
      annotations: present({
        summary: withoutPrefix(title),
        description,
        runbook_url: tags['runbook_url'] ?? runbookIn(description),
      }),
      source: 'datadog',
      // A recovery without a priority does not report the severity of the alert.
      ...(!isFiring && { partial: { replaces: [] } }),
      ...(at && (isFiring ? { startsAt: at } : { endsAt: at })),
      ...(link !== undefined && { generatorUrl: link }),
    },
  };
}

/**
 * Reads messages from Datadog's webhook integration (https://docs.datadoghq.com/integrations/webhooks/) that have the
 * custom payload described in docs/alerts.md.
 */
export const datadogSender: AlertSender = {
  id: 'datadog',
  receives: 'alerts of Datadog, from a webhook with the custom payload of docs/alerts.md',
  read: (body) => ({ elements: [element(() => read(body))] }),
};
