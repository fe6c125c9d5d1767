import { z } from 'zod';
import type { ConnectionType } from '../connections/connection-type';
import { boundedKey } from '../incident-key';
import { createTextLimits } from '../limit-text';
import { OpsgenieConnection, type OpsgenieClient } from './client';

/** Maximum lengths in characters: https://docs.opsgenie.com/docs/alert-api#create-alert */
export const MAX = { message: 130, alias: 512, description: 15_000, note: 25_000, tag: 50, details: 8_000 } as const;

/** The response to every change. Opsgenie accepts a change immediately and applies it later. */
export const AcceptedRequest = z.looseObject({ requestId: z.string() });

const PRIORITIES = { info: 'P5', warning: 'P3', critical: 'P1' } as const;

/** Creates the connection type `opsgenie`. A notification creates an alert; its recipients are ignored. */
export function createOpsgenieConnectionType(client: OpsgenieClient): ConnectionType<OpsgenieConnection> {
  return {
    id: 'opsgenie',
    displayName: 'Opsgenie, Jira Service Management',
    configSchema: OpsgenieConnection,
    addressFields: ['baseUrl', 'region'],
    async test(config, call) {
      const answer = z.looseObject({ data: z.looseObject({ count: z.int() }) });
      const { data } = await client(config, call, { method: 'GET', path: '/count?query=status%3Aopen' }, answer);
      return `Connected; ${data.count} open alerts.`;
    },
    options: {
      priority: () =>
        Promise.resolve(['P1', 'P2', 'P3', 'P4', 'P5'].map((priority) => ({ value: priority, label: priority }))),
    },
    notify: {
      recipients: 'optional',
      async send(config, { title, body, importance, actionUrl, replaceKey }, to, call) {
        if (to !== '') call.note('An Opsgenie integration has its own responders: "to" was ignored.');
        const limit = createTextLimits('Opsgenie', call.note);
        const description = actionUrl === undefined ? body : `${body}\n\n${actionUrl}`;
        const alert = {
          message: limit('title', title, { characters: MAX.message }),
          alias: boundedKey(replaceKey ?? call.idempotencyKey, MAX.alias),
          description: limit('body', description, { characters: MAX.description }),
          ...{ priority: PRIORITIES[importance], source: 'Fermata' },
        };
        return (await client(config, call, { method: 'POST', path: '', body: alert }, AcceptedRequest)).requestId;
      },
    },
  };
}
