import { z } from 'zod';
import type { CallingAction, Plugin } from '../contract';
import type { Egress } from '../../edges/egress/egress';
import { createPostCard, createTeamsConnectionType, TeamsConnection, type PostCard } from './connection';

const Text = z.string().trim().min(1);
const Config = z.strictObject({
  connectionId: Text,
  teamId: Text.optional().describe('Ignored: the workflow of the connection determines the channel'),
  channelId: Text.optional().describe('Ignored: the workflow of the connection determines the channel'),
  title: z.string().optional(),
  body: Text,
});
const Message = z.object({ messageId: z.null(), accepted: z.literal(true) });
const TIMEOUT_MS = 30_000;

/**
 * Creates the action `integration-teams.post_message`, which posts an Adaptive Card through a workflow. Workflows have
 * no idempotency keys, so a message may appear twice after a crash between the post and the commit.
 */
function createPostMessage(post: PostCard): CallingAction<z.infer<typeof Config>> {
  return {
    id: 'post_message',
    displayName: 'Post to Teams',
    description: 'Posts an Adaptive Card to the channel of a workflow.',
    configSchema: Config,
    connection: 'teams',
    produces: { name: 'message', schema: Message },
    execution: 'call',
    timeoutMs: () => TIMEOUT_MS,
    async execute({ config: { teamId, channelId, title, body }, connection, now, signal, timeoutMs, note }) {
      if (teamId !== undefined || channelId !== undefined) {
        note('teamId and channelId were ignored: the workflow of the connection names the channel.');
      }
      const content = { ...(title ? { title } : {}), body };
      await post(TeamsConnection.parse(connection), { signal, now, timeoutMs }, content, note);
      const artifact = { messageId: null, accepted: true };
      return { output: artifact, artifact };
    },
  };
}

/** Creates the plugin for Microsoft Teams. */
export function createTeamsPlugin({ egress }: { egress: Egress }): Plugin {
  const post = createPostCard(egress);
  return {
    id: 'integration-teams',
    connectionTypes: [createTeamsConnectionType(post)],
    actions: [createPostMessage(post)],
  };
}
