import { z } from 'zod';
import type { TriggerType } from '../../domain/registry/trigger-type';
import type { Plugin } from '../../integrations/contract';

const resolvedTrigger = (
  texts: Pick<TriggerType, 'id' | 'displayName' | 'description'>,
  { key, id }: { key: 'incidentKey' | 'alias'; id: 'pagerdutyIncidentId' | 'opsgenieAlertId' },
): TriggerType => ({
  ...texts,
  category: 'Alerts',
  payloadSchema: z.object({
    [key]: z.string(),
    [id]: z.string(),
    title: z.string(),
    by: z.string(),
    url: z.string().nullable(),
    fingerprint: z.string().optional(),
    incidentId: z.string().optional(),
  }),
  contextKey: (payload) => String(payload[key]),
  contextKeyLabel: 'alert or incident',
});

/**
 * The plugin with the trigger for PagerDuty incidents that this service opened for its alerts and incidents, and that
 * were then resolved in PagerDuty.
 */
export const pagerdutyEventsPlugin: Plugin = {
  id: 'pagerduty',
  triggers: [
    resolvedTrigger(
      {
        id: 'incident_resolved',
        displayName: 'PagerDuty incident resolved',
        description: 'A PagerDuty incident whose key is the id of an alert or incident here was resolved there.',
      },
      { key: 'incidentKey', id: 'pagerdutyIncidentId' },
    ),
  ],
};

/**
 * The plugin with the trigger for Opsgenie alerts that this service opened for its alerts and incidents, and that were
 * then closed in Opsgenie.
 */
export const opsgenieEventsPlugin: Plugin = {
  id: 'opsgenie',
  triggers: [
    resolvedTrigger(
      {
        id: 'alert_closed',
        displayName: 'Opsgenie alert closed',
        description: 'An Opsgenie alert whose alias is the id of an alert or incident here was closed there.',
      },
      { key: 'alias', id: 'opsgenieAlertId' },
    ),
  ],
};
