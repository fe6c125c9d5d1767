import { Client, type Pool } from 'pg';
import { isUnanswered } from './drop-broken-connections';

/** Topics of the notifications that a process sends to the other processes after a commit. */
export const TOPICS = ['changes', 'starts', 'definitions', 'tokens', 'workers', 'dwells'] as const;
export type Topic = (typeof TOPICS)[number];

const CHANNEL = 'fermata';
/**
 * Minimum time between two notifications of a topic, in milliseconds. The first call after a pause is sent at once;
 * later calls within this time are combined into one.
 */
const NOTIFY_EVERY_MS = 20;
const HEARTBEAT_MS = 5_000;
/** Timeout in milliseconds for an answer on the listening connection. */
const ANSWER_MS = 10_000;

/** Wakes the listeners of a topic. Failures are ignored, because every listener also polls. */
export type Notifier = Record<Topic, () => void>;

/**
 * Creates the notifier. It sends `NOTIFY` outside the writing transaction, because a `NOTIFY` inside a transaction
 * makes its commit take a database-wide lock. Calls that are made while a notification is being sent, or right after
 * it, are combined into one further notification.
 */
export function createNotifier(pool: Pool): Notifier {
  const state = new Map<Topic, 'sending' | 'again'>();
  const send = (topic: Topic): void => {
    if (state.has(topic)) {
      state.set(topic, 'again');
      return;
    }
    state.set(topic, 'sending');
    pool
      .query('select pg_notify($1, $2)', [CHANNEL, topic])
      .catch(() => undefined)
      .finally(() =>
        setTimeout(() => {
          const again = state.get(topic) === 'again';
          state.delete(topic);
          if (again) send(topic);
        }, NOTIFY_EVERY_MS).unref(),
      );
  };
  return {
    changes: () => send('changes'),
    starts: () => send('starts'),
    definitions: () => send('definitions'),
    tokens: () => send('tokens'),
    workers: () => send('workers'),
    dwells: () => send('dwells'),
  };
}

/** A connection that listens for notifications until it is closed. */
export interface Listener {
  close(): Promise<void>;
}

/**
 * Listens on a separate connection, which must be direct (a transaction pooler loses LISTEN). Reconnects after
 * `retryMs` milliseconds (default 1,000), any number of times. After each connect or reconnect, every handler is called
 * once, since notifications may have been missed. Calls `onSilent` when a statement on the connection got no answer,
 * because other connections may also have been cut.
 */
export function listen(
  url: string,
  handlers: Partial<Record<Topic, () => void>>,
  { retryMs = 1000, onSilent = () => undefined }: { retryMs?: number; onSilent?: () => void } = {},
): Listener {
  let closed = false;
  let client: Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  const wake = (topic: Topic) => handlers[topic]?.();
  const connect = async (): Promise<void> => {
    const next = new Client({
      connectionString: url,
      application_name: 'fermata-listen',
      keepAlive: true,
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: ANSWER_MS,
    });
    client = next;
    let ended = false;
    let heartbeat: NodeJS.Timeout | undefined;
    const lost = () => {
      if (ended) return;
      ended = true;
      clearInterval(heartbeat);
      next.end().catch(() => undefined);
      if (!closed) timer = setTimeout(() => void connect(), retryMs);
    };
    next.on('error', lost);
    next.on('end', lost);
    next.on('notification', ({ payload }) => {
      const topic = TOPICS.find((t) => t === payload);
      if (topic) wake(topic);
    });
    try {
      await next.connect();
      await next.query(`listen ${CHANNEL}`);
      // A connection that was cut without an error delivers nothing and reports nothing; only a query on it fails.
      const check = () =>
        next.query('select 1').catch((error: unknown) => {
          if (isUnanswered(error)) onSilent();
          lost();
        });
      heartbeat = setInterval(() => void check(), HEARTBEAT_MS).unref();
      TOPICS.forEach(wake);
    } catch {
      lost();
    }
  };
  void connect();
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await client?.end().catch(() => undefined);
    },
  };
}
