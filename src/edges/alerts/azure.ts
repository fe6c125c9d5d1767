import { field, fieldsOf, instant, present, required, runbookIn, severityOfPriority, text, textMap } from './fields';
import { ElementError, element, type AlertSender, type Element } from './sender';

function read(input: unknown): Element {
  const body = fieldsOf(input, 'The body');
  if (text(body, 'schemaId') !== 'azureMonitorCommonAlertSchema') {
    throw new ElementError(
      'schemaId: must be azureMonitorCommonAlertSchema; enable the common alert schema in the action',
    );
  }
  const essentials = fieldsOf(field(body, 'data', 'essentials'), 'data.essentials');
  const condition = required(essentials, 'monitorCondition');
  if (condition !== 'Fired' && condition !== 'Resolved') {
    throw new ElementError(`monitorCondition: "${condition}" is unknown`);
  }
  const properties = own(field(body, 'data', 'customProperties') ?? field(body, 'data', 'alertContext', 'properties'));
  const items = essentials['configurationItems'];
  const instance = Array.isArray(items) ? text({ item: items[0] }, 'item') : undefined;
  const description = text(essentials, 'description');
  const [startsAt, endsAt] = [instant(essentials['firedDateTime']), instant(essentials['resolvedDateTime'])];
  const link = text(essentials, 'investigationLink');
  return {
    kind: 'alert',
    alert: {
      fingerprint: `azure:${required(essentials, 'alertId')}`,
      status: condition === 'Fired' ? 'firing' : 'resolved',
      labels: {
        ...properties,
        ...present({
          alertname: required(essentials, 'alertRule'),
          severity: properties['severity'] ?? severityOfPriority(text(essentials, 'severity')) ?? 'warning',
          signal_type: text(essentials, 'signalType'),
          monitoring_service: text(essentials, 'monitoringService'),
          instance: properties['instance'] ?? instance,
        }),
      },
      annotations: present({
        summary: text(essentials, 'alertRule'),
        description,
        runbook_url: properties['runbook_url'] ?? properties['runbook'] ?? runbookIn(description),
      }),
      source: 'azure',
      ...(startsAt && { startsAt }),
      ...(endsAt && { endsAt }),
      ...(link !== undefined && { generatorUrl: link }),
    },
  };
}

/** Returns the custom properties whose values are strings, numbers or booleans. Converts the values to strings. */
function own(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return textMap(
    Object.fromEntries(Object.entries(value).filter(([, each]) => typeof each !== 'object')),
    'customProperties',
  );
}

/**
 * Reads messages in Azure Monitor's common alert schema
 * (https://learn.microsoft.com/en-us/azure/azure-monitor/alerts/alerts-common-schema).
 */
export const azureSender: AlertSender = {
  id: 'azure',
  receives: 'alerts of Azure Monitor, from action groups with the common alert schema',
  read: (body) => ({ elements: [element(() => read(body))] }),
};
