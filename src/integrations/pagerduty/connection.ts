import { z } from 'zod';
import type { ConnectionType } from '../connections/connection-type';
import { boundedKey } from '../incident-key';
import { createTextLimits } from '../limit-text';
import { PagerdutyConnection, type PagerdutyClient } from './client';

/**
 * Maximum lengths in characters of the summary and the dedup key: https://developer.pagerduty.com/docs/send-alert-event
 */
export const MAX_SUMMARY = 1_024;
export const MAX_DEDUP_KEY = 255;
/** Maximum size of the details in bytes. PagerDuty accepts 512 KB for the whole event. */
export const MAX_DETAILS_BYTES = 400_000;
/** Maximum size of a notification's text in bytes. JSON encoding makes it up to six times as large. */
const MAX_BODY_BYTES = 80_000;

const Named = z.looseObject({ id: z.string(), summary: z.string().optional(), name: z.string().optional() });
type Named = z.infer<typeof Named>;
const toOptions = (items: Named[]) =>
  items.map(({ id, name, summary }) => ({ value: id, label: name ?? summary ?? id }));

/** Creates the connection type `pagerduty`. A notification triggers an event; its recipients are ignored. */
export function createPagerdutyConnectionType(client: PagerdutyClient): ConnectionType<PagerdutyConnection> {
  return {
    id: 'pagerduty',
    displayName: 'PagerDuty',
    configSchema: PagerdutyConnection,
    addressFields: ['baseUrl', 'eventsUrl'],
    async test(config, call) {
      // This event makes PagerDuty check the key. It resolves nothing, because no event with this dedup_key was ever
      // triggered.
      await client.enqueue(config, call, { event_action: 'resolve', dedup_key: 'fermata-connection-test' });
      if (config.apiToken === undefined) return 'PagerDuty accepts events for the service.';
      await client.rest(config, call, { method: 'GET', path: '/abilities' }, z.unknown());
      return 'PagerDuty accepts events for the service, and the API token.';
    },
    options: {
      async scheduleId(config, _given, call) {
        const answer = z.looseObject({ schedules: z.array(Named) });
        const { schedules } = await client.rest(config, call, { method: 'GET', path: '/schedules?limit=100' }, answer);
        return toOptions(schedules);
      },
      async escalationPolicyId(config, _given, call) {
        const answer = z.looseObject({ escalation_policies: z.array(Named) });
        const request = { method: 'GET', path: '/escalation_policies?limit=100' } as const;
        return toOptions((await client.rest(config, call, request, answer)).escalation_policies);
      },
      async incidentId(config, _given, call) {
        const answer = z.looseObject({ incidents: z.array(Named.extend({ title: z.string().optional() })) });
        const path = '/incidents?limit=100&statuses%5B%5D=triggered&statuses%5B%5D=acknowledged';
        const { incidents } = await client.rest(config, call, { method: 'GET', path }, answer);
        return toOptions(incidents.map((incident) => ({ ...incident, name: incident.title })));
      },
    },
    notify: {
      recipients: 'optional',
      async send(config, { title, body, importance, actionLabel, actionUrl, replaceKey }, to, call) {
        if (to !== '') call.note('A PagerDuty service has its own escalation: "to" was ignored.');
        const limit = createTextLimits('PagerDuty', call.note);
        const links = actionUrl === undefined ? {} : { links: [{ href: actionUrl, text: actionLabel ?? 'Open' }] };
        const { dedupKey } = await client.enqueue(config, call, {
          ...{
            event_action: 'trigger',
            dedup_key: boundedKey(replaceKey ?? call.idempotencyKey, MAX_DEDUP_KEY),
            client: 'Fermata',
          },
          payload: {
            ...{ summary: limit('title', title, { characters: MAX_SUMMARY }), severity: importance, source: 'fermata' },
            custom_details: { body: limit('body', body, { bytes: MAX_BODY_BYTES }) },
          },
          ...links,
        });
        return dedupKey;
      },
    },
  };
}
