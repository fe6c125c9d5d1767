import type { Response } from 'express';
import { FermataError } from '../../domain/errors';
import type { Gap } from './feed';
import type { StreamEvent } from './stream-event';

/** Interval in milliseconds between comments, which show proxies and clients that the connection is alive. */
const HEARTBEAT_MS = 5_000;
/**
 * Maximum number of bytes that may be buffered for one reader. A reader that exceeds it is disconnected, and can resume
 * with `Last-Event-ID`.
 */
const MAX_BUFFERED_BYTES = 4_194_304;
/**
 * While a client catches up, the server pauses reading rows from the database as long as more than this many bytes are
 * buffered for the client.
 */
const READY_BYTES = 262_144;
/** Time in milliseconds without progress after which a reader is disconnected. */
const MAX_STALLED_MS = 60_000;
/** Maximum number of open streams per token in this process. */
export const MAX_STREAMS_PER_TOKEN = 20;
const RETRY_AFTER_SECONDS = 5;

/** A reader of server-sent events. */
export interface StreamConnection {
  /** Sends the response headers, and the position from which a reader that has received no event resumes. */
  begin(id: number): void;
  send(event: StreamEvent, id: number): void;
  /** Notifies the reader that the events at these positions will not be sent. */
  gap(gap: Gap): void;
  /** Makes the reader resume from this position if its last event has a lower position. */
  settled(position: number): void;
  /**
   * Resolves with true when more events can be sent: at once or, if more than `READY_BYTES` are buffered, when the
   * buffer has drained. Resolves with false when the reader has disconnected. Disconnects a reader whose buffer does not
   * drain within `MAX_STALLED_MS`.
   */
  ready(): Promise<boolean>;
  end(): void;
  /** Disconnects a reader that is too slow. */
  cut(): void;
  readonly isOpen: boolean;
  readonly closed: Promise<void>;
}

/** Open connections of this process. A shutdown closes them. */
export interface StreamConnections {
  /**
   * Opens a stream for `caller`, without starting the response. Calls `stillAllowed` at every heartbeat, and ends the
   * stream when it is no longer allowed.
   * @throws {FermataError} `rate_limited` when the caller already has `MAX_STREAMS_PER_TOKEN` open streams
   */
  open(response: Response, caller: string, stillAllowed: () => Promise<boolean>): StreamConnection;
  closeAll(): void;
}

export function createStreamConnections(): StreamConnections {
  const open = new Map<string, Set<StreamConnection>>();
  return {
    open(response, caller, stillAllowed) {
      const own = open.get(caller) ?? new Set<StreamConnection>();
      if (own.size >= MAX_STREAMS_PER_TOKEN) {
        throw new FermataError(
          'rate_limited',
          `This token has ${MAX_STREAMS_PER_TOKEN} event streams open; close one of them first.`,
          { retryAfterSeconds: RETRY_AFTER_SECONDS },
        );
      }
      const connection = createConnection(response, stillAllowed);
      open.set(caller, own.add(connection));
      void connection.closed.then(() => {
        own.delete(connection);
        if (own.size === 0) open.delete(caller);
      });
      return connection;
    },
    closeAll: () => open.forEach((own) => own.forEach((connection) => connection.end())),
  };
}

function createConnection(response: Response, stillAllowed: () => Promise<boolean>): StreamConnection {
  let lastId = 0;
  let newest = 0;
  let heartbeat: NodeJS.Timeout | undefined;
  const isOpen = () => !response.writableEnded && !response.destroyed;
  const closed = new Promise<void>((resolve) => {
    if (response.destroyed) resolve();
    else response.once('close', resolve);
  });
  void closed.then(() => clearInterval(heartbeat));
  const end = () => void (response.headersSent ? response.end() : response.destroy());
  const cut = () => void response.destroy();
  const write = (text: string): void => {
    if (!isOpen()) return;
    response.write(text);
    if (response.writableLength > MAX_BUFFERED_BYTES) cut();
  };
  return {
    closed,
    end,
    cut,
    get isOpen() {
      return isOpen();
    },
    begin(id) {
      if (!isOpen()) return;
      response.writeHead(200, {
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-cache, no-transform',
        'X-Accel-Buffering': 'no',
      });
      lastId = id;
      write(`retry: 1000\nid: ${id}\n\n`);
      heartbeat = startHeartbeat(response, write, stillAllowed);
    },
    send(event, id) {
      lastId = id;
      newest = Math.max(newest, event.seq);
      // Serialize once for all readers.
      event.text ??= JSON.stringify(event.data);
      write(`id: ${id}\nevent: ${event.name}\ndata: ${event.text}\n\n`);
    },
    gap(gap) {
      lastId = Math.max(lastId, gap.until);
      write(`id: ${lastId}\nevent: gap\ndata: ${JSON.stringify(gap)}\n\n`);
    },
    settled(position) {
      if (lastId >= newest || position < newest) return;
      lastId = position;
      write(`id: ${position}\n\n`);
    },
    async ready() {
      if (isOpen() && response.writableLength > READY_BYTES) await drained(response, closed, cut);
      return isOpen();
    },
  };
}

function startHeartbeat(
  response: Response,
  write: (text: string) => void,
  stillAllowed: () => Promise<boolean>,
): NodeJS.Timeout {
  let stalled = 0;
  return setInterval(() => {
    if (response.writableEnded) return;
    stalled = response.writableLength > 0 ? stalled + 1 : 0;
    if (stalled * HEARTBEAT_MS >= MAX_STALLED_MS) {
      response.destroy();
      return;
    }
    write(': heartbeat\n\n');
    stillAllowed().then(
      (allowed) => void (allowed ? undefined : response.end()),
      () => undefined,
    );
  }, HEARTBEAT_MS);
}

async function drained(response: Response, closed: Promise<void>, cut: () => void): Promise<void> {
  const timer = setTimeout(cut, MAX_STALLED_MS);
  let drain = (): void => undefined;
  const emptied = new Promise<void>((resolve) => response.once('drain', (drain = resolve)));
  await Promise.race([emptied, closed]);
  response.off('drain', drain);
  clearTimeout(timer);
}
