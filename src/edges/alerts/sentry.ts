import type { IncomingAlert } from '../../domains/alert/incoming-alert';
import { labelsOfTags } from './datadog';
import { field, fieldsOf, instant, present, required, runbookIn, text, type Fields } from './fields';
import { ElementError, element, type AlertSender, type Element } from './sender';

/** Severities for Sentry's levels. */
const SEVERITIES: Readonly<Record<string, string>> = {
  ...{ fatal: 'critical', error: 'error', warning: 'warning', info: 'info', debug: 'info', log: 'info' },
};

const severityOf = (level: string | undefined): string =>
  (level !== undefined && Object.hasOwn(SEVERITIES, level) ? SEVERITIES[level] : undefined) ?? 'error';

/**
 * Alert status for each action of an `issue` webhook: created and unresolved fire the alert; resolved, archived and
 * ignored end it. Null (assigned) means no effect.
 */
const ISSUE_ACTIONS: Readonly<Record<string, IncomingAlert['status'] | null>> = {
  ...{ created: 'firing', unresolved: 'firing', resolved: 'resolved', archived: 'resolved', ignored: 'resolved' },
  assigned: null,
};

function readIssue(issue: Fields, action: string): Element {
  const status = Object.hasOwn(ISSUE_ACTIONS, action) ? ISSUE_ACTIONS[action] : undefined;
  if (status === undefined) throw new ElementError(`action: "${action}" is unknown for an issue`);
  if (status === null) return { kind: 'nothing' };
  const title = required(issue, 'title');
  const startsAt = action === 'created' ? instant(issue['firstSeen']) : undefined;
  const url = text(issue, 'web_url') ?? text(issue, 'permalink');
  const project = text(issue, 'project', 'slug');
  return alertOf(required(issue, 'id'), status, {
    ...{ title, project, level: text(issue, 'level'), url, startsAt, culprit: text(issue, 'culprit') },
    ...{ description: text(issue, 'metadata', 'value'), partial: { replaces: [] } },
  });
}

/** Reads an issue alert (`event_alert`). The alert's key is the issue id, so resolving the issue ends the alert. */
function readEventAlert(data: Fields): Element {
  const event = fieldsOf(data['event'], 'data.event');
  const tags = field(event, 'tags');
  const pairs = Array.isArray(tags)
    ? tags.flatMap((tag: unknown) => (Array.isArray(tag) ? [`${String(tag[0])}:${String(tag[1])}`] : []))
    : [];
  return alertOf(text(event, 'issue_id') ?? required(data, 'issue_alert', 'id'), 'firing', {
    title: required(event, 'title'),
    project: text(event, 'project_name') ?? text(event, 'project'),
    level: text(event, 'level'),
    url: text(event, 'web_url'),
    startsAt: instant(event['datetime']),
    culprit: text(event, 'culprit'),
    description: text(data, 'triggered_rule'),
    tags: labelsOfTags(pairs),
  });
}

function readMetricAlert(data: Fields, action: string): Element {
  const incident = fieldsOf(data['metric_alert'], 'data.metric_alert');
  if (!['critical', 'warning', 'resolved'].includes(action)) {
    throw new ElementError(`action: "${action}" is unknown for a metric alert`);
  }
  const rule = field(incident, 'alert_rule');
  const isResolved = action === 'resolved';
  const endsAt = isResolved ? instant(incident['date_closed']) : undefined;
  return alertOf(`metric:${text(rule, 'id') ?? required(incident, 'id')}`, isResolved ? 'resolved' : 'firing', {
    title: text(rule, 'name') ?? text(incident, 'title') ?? required(data, 'description_title'),
    level: action === 'critical' ? 'fatal' : 'warning',
    url: text(data, 'web_url'),
    startsAt: instant(incident['date_started']),
    endsAt,
    description: text(data, 'description_text'),
    project: textOfFirst(field(incident, 'projects')),
    // A resolution does not report the severity of the alert.
    ...(isResolved && { partial: { replaces: [] } }),
  });
}

const textOfFirst = (list: unknown): string | undefined =>
  Array.isArray(list) ? text({ first: list[0] }, 'first') : undefined;

interface Described {
  title: string;
  description: string | undefined;
  project: string | undefined;
  level: string | undefined;
  url: string | undefined;
  startsAt?: Date | undefined;
  endsAt?: Date | undefined;
  culprit?: string | undefined;
  tags?: Record<string, string>;
  /**
   * Set for webhooks that lack part of the alert: issue webhooks do not contain event tags, and the webhook that
   * resolves a metric alert does not contain the severity.
   */
  partial?: IncomingAlert['partial'];
}

function alertOf(id: string, status: IncomingAlert['status'], described: Described): Element {
  const { title, description, project, level, url, startsAt, endsAt, culprit, tags = {}, partial } = described;
  return {
    kind: 'alert',
    alert: {
      fingerprint: `sentry:${id}`,
      status,
      labels: { ...tags, ...present({ alertname: title, severity: severityOf(level), project, service: project }) },
      annotations: present({
        summary: title,
        description,
        culprit,
        runbook_url: tags['runbook_url'] ?? runbookIn(description, title),
      }),
      source: 'sentry',
      ...(partial && { partial }),
      ...(startsAt && { startsAt }),
      ...(endsAt && { endsAt }),
      ...(url !== undefined && { generatorUrl: url }),
    },
  };
}

function read(input: unknown): Element {
  const body = fieldsOf(input, 'The body');
  const action = required(body, 'action');
  const data = fieldsOf(body['data'], 'data');
  if (data['metric_alert'] !== undefined) return readMetricAlert(data, action);
  if (data['issue'] !== undefined && action !== 'triggered')
    return readIssue(fieldsOf(data['issue'], 'data.issue'), action);
  if (action === 'triggered') return readEventAlert(data);
  throw new ElementError('data: must contain an issue, event or metric_alert');
}

/**
 * Reads Sentry integration webhooks (https://docs.sentry.io/organization/integrations/integration-platform/webhooks/).
 */
export const sentrySender: AlertSender = {
  id: 'sentry',
  receives: 'issues, issue alerts and metric alerts of Sentry, from an integration',
  read: (body) => ({ elements: [element(() => read(body))] }),
};
