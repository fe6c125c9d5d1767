import { z } from 'zod';
import { BaseUrl } from '../connections/base-url';
import { chosen, type ConnectionType } from '../connections/connection-type';
import { ProviderFailure } from '../provider-failure';
import { adaptiveCard, postCard } from './card';
import type { GraphClient } from './client';

/** An application registered with Microsoft. */
export const TeamsConnection = z.strictObject({
  tenantId: z.string().min(1).max(200),
  clientId: z.string().min(1).max(200),
  clientSecret: z.string().min(1).max(10_000).meta({ 'x-secret': true }),
  loginUrl: BaseUrl.default('https://login.microsoftonline.com'),
  graphUrl: BaseUrl.default('https://graph.microsoft.com'),
});
export type TeamsConnection = z.infer<typeof TeamsConnection>;

const Named = z.object({ value: z.array(z.looseObject({ id: z.string(), displayName: z.string() })) });

/** Type `teams`. As a channel of notifications, a recipient is `<teamId>/<channelId>`. */
export function createTeamsConnectionType(graph: GraphClient): ConnectionType<TeamsConnection> {
  return {
    id: 'teams',
    displayName: 'Microsoft Teams',
    configSchema: TeamsConnection,
    addressFields: ['loginUrl', 'graphUrl', 'tenantId'],
    async test(config, call) {
      const { value } = await graph(config, call, 'GET', '/teams?$top=1&$select=id,displayName', Named);
      return `Connected; ${value.length === 0 ? 'no team is visible' : `sees the team ${value[0]?.displayName ?? ''}`}.`;
    },
    options: {
      async teamId(config, _given, call) {
        const { value } = await graph(config, call, 'GET', '/teams?$top=100&$select=id,displayName', Named);
        return value.map(({ id, displayName }) => ({ value: id, label: displayName }));
      },
      async channelId(config, given, call) {
        const path = `/teams/${encodeURIComponent(chosen(given, 'teamId'))}/channels?$select=id,displayName`;
        const { value } = await graph(config, call, 'GET', path, Named);
        return value.map(({ id, displayName }) => ({ value: id, label: displayName }));
      },
    },
    notify: {
      recipients: 'required',
      async send(config, message, to, call) {
        const [teamId, channelId, ...more] = to.split('/');
        if (!teamId || !channelId || more.length > 0) {
          throw new ProviderFailure('config_invalid', 'A recipient in Teams is "<teamId>/<channelId>".', {
            retryable: false,
          });
        }
        const { title, body, actionLabel, actionUrl } = message;
        const action = actionUrl === undefined ? [] : [{ title: actionLabel ?? 'Open', url: actionUrl }];
        const { id } = await postCard(
          graph,
          config,
          call,
          { teamId, channelId },
          adaptiveCard({ title, body, actions: action }),
        );
        return id;
      },
    },
  };
}
