import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { ConnectionCall } from '../connections/connection-type';
import type { GraphClient } from './client';
import type { TeamsConnection } from './connection';

/** An Adaptive Card 1.4: a title, a text in Markdown, buttons that open addresses. */
export function adaptiveCard(content: {
  title?: string | undefined;
  body: string;
  actions?: readonly { title: string; url: string }[];
}): Record<string, unknown> {
  const { title, body, actions = [] } = content;
  const heading = { type: 'TextBlock', text: title, weight: 'Bolder', size: 'Medium', wrap: true };
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body: [...(title === undefined ? [] : [heading]), { type: 'TextBlock', text: body, wrap: true }],
    ...(actions.length === 0
      ? {}
      : { actions: actions.map(({ title: label, url }) => ({ type: 'Action.OpenUrl', title: label, url })) }),
  };
}

/** Posts a card to a channel; gives the message. */
export async function postCard(
  graph: GraphClient,
  config: TeamsConnection,
  call: ConnectionCall,
  { teamId, channelId }: { teamId: string; channelId: string },
  card: Record<string, unknown>,
): Promise<{ id: string }> {
  const id = randomUUID();
  const path = `/teams/${encodeURIComponent(teamId)}/channels/${encodeURIComponent(channelId)}/messages`;
  return graph(config, call, 'POST', path, z.looseObject({ id: z.string() }), {
    body: { contentType: 'html', content: `<attachment id="${id}"></attachment>` },
    attachments: [
      { id, contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: JSON.stringify(card) },
    ],
  });
}
