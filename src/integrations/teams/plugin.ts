import { z } from 'zod';
import type { CallingAction, Plugin } from '../contract';
import type { Egress } from '../../edges/egress/egress';
import { adaptiveCard, postCard } from './card';
import { createGraphClient, type GraphClient } from './client';
import { createTeamsConnectionType, TeamsConnection } from './connection';

const Text = z.string().trim().min(1);
const Config = z.strictObject({
  connectionId: Text,
  teamId: Text,
  channelId: Text,
  title: z.string().max(500).optional(),
  body: Text.max(20_000),
});
const Message = z.object({ messageId: z.string(), teamId: z.string(), channelId: z.string() });
const TIMEOUT_MS = 30_000;

/** `integration-teams.post_message`: an Adaptive Card through Microsoft Graph, which knows no idempotency: a repeat after a crash posts again. */
function createPostMessage(graph: GraphClient): CallingAction<z.infer<typeof Config>> {
  return {
    id: 'post_message',
    displayName: 'Post to Teams',
    description: 'Posts an Adaptive Card to a channel.',
    configSchema: Config,
    connection: 'teams',
    produces: { name: 'message', schema: Message },
    execution: 'call',
    timeoutMs: () => TIMEOUT_MS,
    async execute({ config, connection, now, signal }) {
      const { teamId, channelId, title, body } = config;
      const call = { signal, now, timeoutMs: TIMEOUT_MS };
      const card = adaptiveCard({ ...(title ? { title } : {}), body });
      const { id } = await postCard(graph, TeamsConnection.parse(connection), call, { teamId, channelId }, card);
      const artifact = { messageId: id, teamId, channelId };
      return { output: artifact, artifact };
    },
  };
}

/** Microsoft Teams. */
export function createTeamsPlugin({ egress }: { egress: Egress }): Plugin {
  const graph = createGraphClient(egress);
  return {
    id: 'integration-teams',
    connectionTypes: [createTeamsConnectionType(graph)],
    actions: [createPostMessage(graph)],
  };
}
