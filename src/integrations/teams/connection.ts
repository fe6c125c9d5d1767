import { z } from 'zod';
import { BaseUrl } from '../connections/base-url';
import type { ConnectionCall, ConnectionType } from '../connections/connection-type';
import { SecretUrl } from '../connections/secret-url';
import { ProviderFailure } from '../provider-failure';
import { createVendorClient } from '../vendor-client';
import type { Egress } from '../../edges/egress/egress';
import { cardMessage } from './card';

const Text = z.string().min(1).max(200).optional();

/**
 * A Power Automate workflow that posts to a channel or chat. The other fields are for connections of an application
 * registered with Microsoft. Such connections can be stored, but cannot post.
 */
export const TeamsConnection = z.strictObject({
  workflowUrl: SecretUrl.optional().describe(
    'Address of a workflow "Post to a channel when a webhook request is received"; it accepts an Adaptive Card',
  ),
  tenantId: Text,
  clientId: Text,
  clientSecret: z.string().min(1).max(10_000).meta({ 'x-secret': true }).optional(),
  loginUrl: BaseUrl.optional(),
  graphUrl: BaseUrl.optional(),
});
export type TeamsConnection = z.infer<typeof TeamsConnection>;

/**
 * Posts a card through the workflow of a connection.
 * @throws {ProviderFailure} when the workflow refuses the card or cannot be reached
 */
export type PostCard = (
  config: TeamsConnection,
  call: ConnectionCall,
  content: Parameters<typeof cardMessage>[0],
  note: (text: string) => void,
) => Promise<void>;

const Failure = z.looseObject({
  error: z.looseObject({ code: z.string().optional(), message: z.string().optional() }),
});

/** Creates a client of Workflows webhooks. These respond with 202 and no id, and have no idempotency keys. */
export function createPostCard(egress: Egress): PostCard {
  const client = createVendorClient(egress, {
    name: 'Power Automate',
    explain(json) {
      const said = Failure.safeParse(json);
      return said.success ? (said.data.error.message ?? said.data.error.code) : undefined;
    },
  });
  return async (config, call, content, note) => {
    if (config.workflowUrl === undefined) throw appOnly();
    const body = cardMessage(content, note);
    const headers = { 'Content-Type': 'application/json' };
    const request = { method: 'POST', url: config.workflowUrl, headers, body, isText: true } as const;
    const { body: said } = await client(call, request, z.string());
    checkDelivery(said);
  };
}

/**
 * Checks the response to a message. `workflowUrl` may still be the URL of an incoming webhook of an Office 365
 * connector. These webhooks respond with 200 even when Teams has refused the message
 * (https://github.com/MicrosoftDocs/msteams-docs/issues/1810).
 */
function checkDelivery(said: string): void {
  if (!/message delivery failed with error/i.test(said)) return;
  const status = Number(/returned HTTP error (\d{3})/.exec(said)?.[1] ?? 400);
  throw new ProviderFailure('http_status', `Teams refused the message with status ${status}: ${said.slice(0, 300)}`, {
    ...{ status, retryable: status === 429 || status >= 500 },
  });
}

/**
 * Returns the failure for a connection to Microsoft Graph, whose application permissions allow posting only for
 * migrations (https://learn.microsoft.com/en-us/graph/api/chatmessage-post).
 */
function appOnly(): ProviderFailure {
  return new ProviderFailure(
    'teams_app_only',
    'The connection has no workflowUrl. Microsoft Graph accepts channel messages of an application for migration only: create a workflow "Post to a channel when a webhook request is received" in Teams and set its address as workflowUrl.',
    { retryable: false },
  );
}

/**
 * Creates the connection type `teams`. A notification is posted to the channel of the workflow; its recipients are
 * ignored.
 */
export function createTeamsConnectionType(post: PostCard): ConnectionType<TeamsConnection> {
  return {
    id: 'teams',
    displayName: 'Microsoft Teams',
    configSchema: TeamsConnection,
    addressFields: ['loginUrl', 'graphUrl', 'tenantId'],
    async test(config, call) {
      await post(config, call, { title: 'Test', body: 'Fermata can post here.' }, () => undefined);
      return 'The workflow accepted a test message; it will appear in the channel shortly.';
    },
    options: {},
    notify: {
      recipients: 'optional',
      async send(config, message, to, call) {
        if (to !== '') call.note('A Teams workflow has one channel: "to" was ignored.');
        const { title, body, actionLabel, actionUrl } = message;
        const actions = actionUrl === undefined ? [] : [{ title: actionLabel ?? 'Open', url: actionUrl }];
        await post(config, call, { title, body, actions }, call.note);
        return null;
      },
    },
  };
}
