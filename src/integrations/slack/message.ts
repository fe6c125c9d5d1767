import { z } from 'zod';
import { sha256 } from '../../domain/sha256';
import type { ConnectionCall, ConnectionMemory } from '../connections/connection-type';
import type { TextLimits } from '../limit-text';
import { SlackFailure, type SlackClient, type SlackConnection } from './client';

/**
 * Maximum length of a new message in characters. Slack truncates longer texts:
 * https://docs.slack.dev/reference/methods/chat.postMessage#truncating
 */
const MAX_POST = 40_000;
/**
 * Maximum length of an updated message in characters. Slack refuses longer texts:
 * https://docs.slack.dev/reference/methods/chat.update#errors
 */
const MAX_UPDATE = 4_000;
/** Maximum number of blocks in a message: https://docs.slack.dev/reference/block-kit/blocks */
const MAX_BLOCKS = 50;
const MAX_BLOCK_TEXT: Readonly<Record<string, number>> = {
  section: 3_000,
  header: 150,
  context: 3_000,
  markdown: 12_000,
};
/** Number of messages per page when searching for the message of an earlier attempt. */
const PAGE = 100;
/**
 * Maximum number of pages of a thread to search. Slack returns the earliest replies first, so the message is on the last
 * page: https://docs.slack.dev/reference/methods/conversations.replies
 */
const MAX_THREAD_PAGES = 20;

export const SlackMessage = z.object({
  channel: z.string(),
  ts: z.string(),
  /** Whether the step updated an earlier message instead of posting a new one. */
  updated: z.boolean(),
});
export type SlackMessage = z.infer<typeof SlackMessage>;

export const Blocks = z.array(z.record(z.string(), z.unknown()));

const Posted = z.looseObject({ channel: z.string(), ts: z.string() });
const History = z.looseObject({
  messages: z.array(
    z.looseObject({
      ts: z.string(),
      metadata: z.looseObject({ event_payload: z.record(z.string(), z.unknown()).optional() }).optional(),
    }),
  ),
  response_metadata: z.looseObject({ next_cursor: z.string().optional() }).optional(),
});

/** The content of a new or updated message. */
export interface Content {
  channel: string;
  text: string;
  blocks?: z.infer<typeof Blocks> | undefined;
  threadTs?: string | undefined;
}

interface Posting {
  slack: SlackClient;
  config: SlackConnection;
  call: ConnectionCall;
  limit: TextLimits;
  note: (text: string) => void;
}

/**
 * Replaces the text of a message.
 * @throws {SlackFailure} when Slack answers with an error code
 */
export async function updateMessage(
  { slack, config, call, limit, note }: Posting,
  ts: string,
  { channel, text, blocks }: Content,
): Promise<SlackMessage> {
  const json = {
    ...{ channel, ts, text: limit('text', text, { characters: MAX_UPDATE }) },
    ...(blocks && { blocks: limitedBlocks(blocks, limit, note) }),
  };
  const updated = await slack(config, call, 'chat.update', { json }, Posted);
  return { channel: updated.channel, ts: updated.ts, updated: true };
}

/**
 * Errors for a message that was deleted or can no longer be edited:
 * https://docs.slack.dev/reference/methods/chat.update#errors
 */
const NOT_REPLACEABLE = new Set([
  'message_not_found',
  'cant_update_message',
  'edit_window_closed',
  'channel_not_found',
]);

async function replace(posting: Posting, known: unknown, content: Content): Promise<SlackMessage | null> {
  const earlier = SlackMessage.safeParse(known);
  if (!earlier.success) return null;
  try {
    return await updateMessage(posting, earlier.data.ts, { ...content, channel: earlier.data.channel });
  } catch (error) {
    if (error instanceof SlackFailure && NOT_REPLACEABLE.has(error.slackCode)) return null;
    throw error;
  }
}

interface PostOnce {
  idempotencyKey: string;
  /** Whether a message with this idempotency key may already have been posted. */
  sentBefore: boolean;
  memory: ConnectionMemory;
}

/**
 * Posts a message. With a key, updates the earlier message with the same key in the channel, if Slack still allows
 * that.
 */
export async function postOrReplace(
  posting: Posting,
  content: Content,
  replaceKey: string | undefined,
  once: PostOnce,
): Promise<SlackMessage> {
  if (replaceKey === undefined) return postMessage(posting, content, once);
  const key = `message:${content.channel}:${replaceKey}`;
  const replaced = await replace(posting, await once.memory.recall(key), content);
  if (replaced !== null) return replaced;
  const message = await postMessage(posting, content, once);
  await once.memory.remember(key, message);
  return message;
}

/**
 * Posts a message once per idempotency key. Slack has no idempotency keys, so the message's metadata contains the key.
 * A repeated attempt searches the newest messages of the channel, or the replies in the thread, for the key. If Slack
 * refuses the search, adds a note to the step and posts the message anyway.
 */
async function postMessage(
  posting: Posting,
  content: Content,
  { idempotencyKey, sentBefore, memory }: PostOnce,
): Promise<SlackMessage> {
  const { slack, config, call, limit, note } = posting;
  const mark = sha256(idempotencyKey).slice(0, 32);
  if (sentBefore) {
    const found = await findPosted(posting, content, mark, memory);
    if (found) return found;
  }
  const { channel, text, blocks, threadTs } = content;
  const json = {
    ...{ channel, text: limit('text', text, { characters: MAX_POST }) },
    ...(blocks && { blocks: limitedBlocks(blocks, limit, note) }),
    ...(threadTs !== undefined && { thread_ts: threadTs }),
    metadata: { event_type: 'fermata_message', event_payload: { key: mark } },
  };
  const posted = await slack(config, call, 'chat.postMessage', { json }, Posted);
  if (posted.channel !== channel) await memory.remember(`channel:${channel}`, posted.channel);
  return { channel: posted.channel, ts: posted.ts, updated: false };
}

async function findPosted(
  { slack, config, call, note }: Posting,
  { channel, threadTs }: Content,
  mark: string,
  memory: ConnectionMemory,
): Promise<SlackMessage | null> {
  // Reading messages needs the id of a channel, whereas posting also accepts its name.
  const known = await memory.recall(`channel:${channel}`);
  const id = typeof known === 'string' ? known : channel;
  const form = { channel: id, limit: String(PAGE), include_all_metadata: 'true' };
  const pages = threadTs === undefined ? 1 : MAX_THREAD_PAGES;
  const [method, args] =
    threadTs === undefined ? ['conversations.history', form] : ['conversations.replies', { ...form, ts: threadTs }];
  try {
    let cursor = '';
    for (let count = 0; count < pages; count += 1) {
      const more = cursor === '' ? args : { ...args, cursor };
      const page = await slack(config, call, method, { form: more }, History);
      const found = page.messages.find(({ metadata }) => metadata?.event_payload?.['key'] === mark);
      if (found !== undefined) return { channel: id, ts: found.ts, updated: false };
      cursor = page.response_metadata?.next_cursor ?? '';
      if (cursor === '') break;
    }
    return null;
  } catch (error) {
    if (!(error instanceof SlackFailure) || error.retryable) throw error;
    note(`An earlier attempt may have posted this message already: ${error.message}`);
    return null;
  }
}

function limitedBlocks(
  blocks: z.infer<typeof Blocks>,
  limit: TextLimits,
  note: (text: string) => void,
): z.infer<typeof Blocks> {
  if (blocks.length > MAX_BLOCKS) {
    note(`blocks was cut: it has ${blocks.length} blocks, and Slack accepts at most ${MAX_BLOCKS}.`);
  }
  return blocks.slice(0, MAX_BLOCKS).map((block, index) => {
    const most = MAX_BLOCK_TEXT[String(block['type'])];
    const { text } = block;
    if (most === undefined) return block;
    if (typeof text === 'string') return { ...block, text: limit(`blocks[${index}]`, text, { characters: most }) };
    const inner = Object(text) as { text?: unknown };
    if (typeof inner.text !== 'string') return block;
    const cut = limit(`blocks[${index}]`, inner.text, { characters: most });
    return { ...block, text: { ...inner, text: cut } };
  });
}
