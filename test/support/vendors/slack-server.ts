import { startVendorServer, type VendorAnswer, type VendorRequest } from '../vendor-server';

interface Message {
  ts: string;
  channel: string;
  text: string;
  blocks?: unknown[];
  thread_ts?: string;
  metadata?: unknown;
  reactions: string[];
}

type Args = Record<string, unknown>;

/** Methods that do not accept JSON: https://docs.slack.dev/apis/web-api/#posting-json */
const FORM_ONLY = new Set([
  'conversations.list',
  'conversations.history',
  'conversations.replies',
  'files.getUploadURLExternal',
]);

/** Starts a server for Slack's Web API with the channels #ops, of which the bot is a member, and #random. */
export async function startSlackServer(token: string) {
  const channels = [
    { id: 'C0OPS', name: 'ops', isMember: true, topic: '' },
    { id: 'C0RND', name: 'random', isMember: false, topic: '' },
  ];
  const messages: Message[] = [];
  const files: { id: string; content: string; channel?: string }[] = [];
  const failures: VendorAnswer[] = [];
  let clock = 1_700_000_000;
  const refused = (error: string, more: Args = {}): VendorAnswer => ({
    status: 200,
    body: { ok: false, error, ...more },
  });
  const ok = (body: Args = {}): VendorAnswer => ({ status: 200, body: { ok: true, ...body } });
  const channelOf = (given: unknown) =>
    channels.find(({ id, name }) => given === id || String(given).replace(/^#/, '') === name);

  /** Responds with one page. A cursor is the position of the first message on its page. */
  const paged = (all: readonly object[], limit: unknown, cursor: unknown): VendorAnswer => {
    const from = Number(cursor ?? 0);
    const to = from + Number(limit ?? 100);
    const hasMore = to < all.length;
    return ok({
      messages: all.slice(from, to),
      has_more: hasMore,
      ...(hasMore && { response_metadata: { next_cursor: String(to) } }),
    });
  };

  const methods: Record<string, (args: Args) => VendorAnswer> = {
    'auth.test': () => ok({ team: 'Acme', user: 'fermata', bot_id: 'B1' }),
    'conversations.list': () =>
      ok({ channels: channels.map(({ id, name }) => ({ id, name })), response_metadata: { next_cursor: '' } }),
    'conversations.create'({ name }) {
      // https://docs.slack.dev/reference/methods/conversations.create#errors
      if (!/^[\p{Ll}\p{Lo}\p{N}_-]{1,80}$/u.test(String(name))) return refused('invalid_name_specials');
      if (channelOf(name)) return refused('name_taken');
      const channel = { id: `C${channels.length}NEW`, name: String(name), isMember: true, topic: '' };
      channels.push(channel);
      return ok({ channel: { id: channel.id, name } });
    },
    'conversations.setTopic'({ channel, topic }) {
      const found = channelOf(channel);
      if (!found) return refused('channel_not_found');
      // https://docs.slack.dev/reference/methods/conversations.setTopic#errors
      if (String(topic).length > 250) return refused('too_long');
      found.topic = String(topic);
      return ok();
    },
    'chat.postMessage'({ channel, text = '', blocks, thread_ts: thread, metadata }) {
      const found = channelOf(channel);
      // https://docs.slack.dev/reference/methods/chat.postMessage#errors
      if (!found) return refused('channel_not_found');
      if (!found.isMember) return refused('not_in_channel');
      if (String(text).length > 40_000) return refused('msg_too_long');
      if (Array.isArray(blocks) && (blocks.length > 50 || blocks.some(isLongSection))) return refused('invalid_blocks');
      clock += 1;
      const ts = `${clock}.000100`;
      messages.push({
        ...{ ts, channel: found.id, text: String(text), metadata, reactions: [] },
        ...(Array.isArray(blocks) && { blocks: blocks as unknown[] }),
        ...(thread !== undefined && { thread_ts: String(thread) }),
      });
      return ok({ channel: found.id, ts });
    },
    'chat.update'({ channel, ts, text = '' }) {
      // https://docs.slack.dev/reference/methods/chat.update#errors: channel names are not accepted.
      if (!channels.some(({ id }) => id === channel)) return refused('channel_not_found');
      const message = messages.find((one) => one.ts === ts);
      if (!message) return refused('message_not_found');
      if (String(text).length > 4_000) return refused('msg_too_long');
      message.text = String(text);
      return ok({ channel, ts });
    },
    // https://docs.slack.dev/reference/methods/conversations.history: the newest first.
    'conversations.history'({ channel, limit, cursor }) {
      const found = channels.find(({ id }) => id === channel);
      if (!found) return refused('channel_not_found');
      const all = messages.filter((one) => one.channel === channel && !one.thread_ts).reverse();
      return paged(all, limit, cursor);
    },
    // https://docs.slack.dev/reference/methods/conversations.replies: the earliest first.
    'conversations.replies': ({ channel, ts, limit, cursor }) =>
      paged(
        messages.filter((one) => one.channel === channel && (one.thread_ts === ts || one.ts === ts)),
        limit,
        cursor,
      ),
    'reactions.add'({ timestamp, name }) {
      const message = messages.find(({ ts }) => ts === timestamp);
      // https://docs.slack.dev/reference/methods/reactions.add#errors
      if (!message) return refused('message_not_found');
      if (message.reactions.includes(String(name))) return refused('already_reacted');
      message.reactions.push(String(name));
      return ok();
    },
    'files.getUploadURLExternal'({ filename, length }) {
      // https://docs.slack.dev/reference/methods/files.getUploadURLExternal#errors
      if (!filename || !(Number(length) > 0)) return refused('invalid_arguments');
      const id = `F${files.length + 1}`;
      files.push({ id, content: '' });
      return ok({ upload_url: `${server.url}/upload/${id}`, file_id: id });
    },
    'files.completeUploadExternal'({ files: given, channel_id: channel }) {
      const [one] = given as { id: string }[];
      const file = files.find(({ id, content }) => id === one?.id && content !== '');
      if (!file) return refused('file_not_found');
      if (!channels.some(({ id }) => id === channel)) return refused('channel_not_found');
      file.channel = String(channel);
      return ok({ files: [{ id: file.id }] });
    },
  };

  function answer({ path, method, headers, body }: VendorRequest): VendorAnswer {
    const upload = /^\/upload\/(\w+)$/.exec(path)?.[1];
    const file = files.find(({ id }) => id === upload);
    if (file) {
      file.content = body;
      return { status: 200 };
    }
    const name = /^\/api\/([\w.]+)$/.exec(path)?.[1] ?? '';
    const type = String(headers['content-type']);
    if (method !== 'POST' || methods[name] === undefined) return refused('unknown_method');
    if (headers['authorization'] !== `Bearer ${token}`) return refused('invalid_auth');
    if (FORM_ONLY.has(name) && type.startsWith('application/json')) return refused('invalid_arguments');
    const failure = failures.shift();
    if (failure) return failure;
    return methods[name](
      type.startsWith('application/json') ? (JSON.parse(body) as Args) : Object.fromEntries(new URLSearchParams(body)),
    );
  }

  const server = await startVendorServer(answer);
  return { ...server, channels, messages, files, failures };
}

/**
 * Returns whether a block is a section of more than 3,000 characters:
 * https://docs.slack.dev/reference/block-kit/blocks/section-block
 */
function isLongSection(block: unknown): boolean {
  const { type, text } = Object(block) as { type?: string; text?: { text?: string } };
  return type === 'section' && (text?.text?.length ?? 0) > 3_000;
}
