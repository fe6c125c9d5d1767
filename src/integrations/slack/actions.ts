import { z } from 'zod';
import type { CallContext, CallingAction } from '../contract';
import { createTextLimits } from '../limit-text';
import { ProviderFailure } from '../provider-failure';
import { SlackConnection, SlackFailure, type SlackClient } from './client';
import { listChannels } from './connection';
import { Blocks, postOrReplace, SlackMessage, updateMessage } from './message';

const Text = z.string().trim().min(1);
const TIMEOUT_MS = 30_000;
/** Maximum length of a topic in characters: https://docs.slack.dev/reference/methods/conversations.setTopic#errors */
const MAX_TOPIC = 250;
/**
 * Maximum length of a channel name in characters: https://docs.slack.dev/reference/methods/conversations.create#naming
 */
const MAX_NAME = 80;

const common = { connection: 'slack', execution: 'call', timeoutMs: () => TIMEOUT_MS } as const;

/** Returns the call context that every Slack action uses. */
function postingOf(slack: SlackClient, { connection, now, signal, timeoutMs, note }: CallContext<unknown>) {
  const call = { signal, now, timeoutMs };
  const limit = createTextLimits('Slack', note);
  return { slack, config: SlackConnection.parse(connection), call, limit, note };
}

const PostConfig = z.strictObject({
  connectionId: Text,
  channel: Text.describe('Id or name of a channel, or the id of a person'),
  text: Text,
  blocks: Blocks.optional().describe('Blocks of Block Kit; notifications then show `text`'),
  threadTs: Text.optional().describe('Timestamp of the message to reply to'),
  replaceKey: Text.optional().describe('A later post to the channel with the same key updates the message'),
});

/**
 * Creates the action `integration-slack.post_message`. Steps with the same `replaceKey` update one message instead of
 * posting new messages.
 */
export function createPostMessage(slack: SlackClient): CallingAction<z.infer<typeof PostConfig>> {
  return {
    ...common,
    id: 'post_message',
    displayName: 'Post to Slack',
    description: 'Posts a message to a channel, or updates the message with the same key.',
    configSchema: PostConfig,
    produces: { name: 'message', schema: SlackMessage },
    async execute(context) {
      const { connectionId: _connection, replaceKey, ...content } = context.config;
      const message = await postOrReplace(postingOf(slack, context), content, replaceKey, context);
      return { output: message, artifact: { ...message } };
    },
  };
}

/**
 * Returns the message that a step names, or the message that an earlier step posted.
 * @throws {ProviderFailure} `artifact_missing` when there is none
 */
function targetOf(
  { channel, ts }: { channel?: string | undefined; ts?: string | undefined },
  consumed: Record<string, unknown> | null,
): { channel: string; ts: string } {
  const found = z.object({ channel: z.string(), ts: z.string() }).safeParse({
    channel: channel ?? consumed?.['channel'],
    ts: ts ?? consumed?.['ts'],
  });
  if (found.success) return found.data;
  const message = 'Set channel and ts: no earlier step has posted a message.';
  throw new ProviderFailure('artifact_missing', message, { retryable: false });
}

const MESSAGE = 'integration-slack.message';
const UpdateConfig = z.strictObject({
  connectionId: Text,
  channel: Text.optional(),
  ts: Text.optional().describe('Timestamp of the message; default: the message that an earlier step posted'),
  text: Text,
  blocks: Blocks.optional(),
});

/** Creates the action `integration-slack.update_message`. A repeated attempt changes nothing. */
export function createUpdateMessage(slack: SlackClient): CallingAction<z.infer<typeof UpdateConfig>> {
  return {
    ...common,
    id: 'update_message',
    displayName: 'Update Slack message',
    description: 'Replaces the text of a message that the bot has posted.',
    configSchema: UpdateConfig,
    consumes: MESSAGE,
    produces: { name: 'message', schema: SlackMessage },
    async execute(context) {
      const { config, consumed } = context;
      const { channel, ts } = targetOf(config, consumed);
      const content = { channel, text: config.text, blocks: config.blocks };
      const message = await updateMessage(postingOf(slack, context), ts, content);
      return { output: message, artifact: { ...message } };
    },
  };
}

const ReactionConfig = z.strictObject({
  connectionId: Text,
  channel: Text.optional(),
  ts: Text.optional(),
  name: Text.transform((name) => name.replace(/^:|:$/g, '')).describe('Name of the emoji, such as eyes'),
});

/** Creates the action `integration-slack.add_reaction`. A reaction that already exists counts as success. */
export function createAddReaction(slack: SlackClient): CallingAction<z.infer<typeof ReactionConfig>> {
  return {
    ...common,
    id: 'add_reaction',
    displayName: 'React in Slack',
    description: 'Adds an emoji to a message.',
    configSchema: ReactionConfig,
    consumes: MESSAGE,
    async execute(context) {
      const { channel, ts } = targetOf(context.config, context.consumed);
      const { config, call } = postingOf(slack, context);
      const json = { channel, timestamp: ts, name: context.config.name };
      try {
        await slack(config, call, 'reactions.add', { json }, z.unknown());
      } catch (error) {
        if (!(error instanceof SlackFailure) || error.slackCode !== 'already_reacted') throw error;
      }
      return { output: { channel, ts } };
    },
  };
}

const OpenConfig = z.strictObject({
  connectionId: Text,
  name: Text,
  isPrivate: z.boolean().default(false),
});
const Created = z.looseObject({ channel: z.looseObject({ id: z.string() }) });

/**
 * Creates the action `integration-slack.open_channel`. If a channel with the name already exists, the action uses it.
 */
export function createOpenChannel(slack: SlackClient): CallingAction<z.infer<typeof OpenConfig>> {
  return {
    ...common,
    id: 'open_channel',
    displayName: 'Open Slack channel',
    description: 'Creates a channel, or finds the existing one with that name.',
    configSchema: OpenConfig,
    produces: { name: 'channel', schema: z.object({ id: z.string() }) },
    async execute(context) {
      const { config, call, note } = postingOf(slack, context);
      const name = channelName(context.config.name);
      if (name !== context.config.name) note(`The channel is called ${name}: Slack accepts no other characters.`);
      const json = { name, is_private: context.config.isPrivate };
      const id = await slack(config, call, 'conversations.create', { json }, Created).then(
        ({ channel }) => channel.id,
        async (error: unknown) => {
          if (!(error instanceof SlackFailure) || error.slackCode !== 'name_taken') throw error;
          const existing = (await listChannels(slack, config, call)).find((channel) => channel.name === name);
          if (existing === undefined) throw error;
          return existing.id;
        },
      );
      return { output: { id }, artifact: { id } };
    },
  };
}

function channelName(name: string): string {
  const plain = name.toLowerCase().replace(/[^\p{L}\p{N}_-]+/gu, '-');
  return plain.slice(0, MAX_NAME).replace(/^-+|-+$/g, '');
}

const TopicConfig = z.strictObject({ connectionId: Text, channel: Text, topic: z.string() });

/** Creates the action `integration-slack.set_topic`. A repeated attempt changes nothing. */
export function createSetTopic(slack: SlackClient): CallingAction<z.infer<typeof TopicConfig>> {
  return {
    ...common,
    id: 'set_topic',
    displayName: 'Set Slack topic',
    description: 'Sets the topic of a channel.',
    configSchema: TopicConfig,
    async execute(context) {
      const { config, call, limit } = postingOf(slack, context);
      const { channel } = context.config;
      const topic = limit('topic', context.config.topic, { characters: MAX_TOPIC });
      await slack(config, call, 'conversations.setTopic', { json: { channel, topic } }, z.unknown());
      return { output: { channel, topic } };
    },
  };
}
