import type { Response } from 'express';
import type { StreamEvent } from './stream-event';

/** Lets proxies and clients know that the connection lives. */
const HEARTBEAT_MS = 5_000;
/** A reader so far behind is cut off; it resumes where it was. */
const MAX_BUFFERED_BYTES = 4_194_304;

/** One reader of server-sent events. */
export interface StreamConnection {
  /** False when the reader is gone. */
  send(event: StreamEvent): boolean;
  end(): void;
  readonly closed: Promise<void>;
}

/** Open connections of this process, so that a shutdown can end them. */
export interface StreamConnections {
  /** `stillAllowed` is asked at every heartbeat: a stream does not outlive its token. */
  open(response: Response, stillAllowed: () => Promise<boolean>): StreamConnection;
  closeAll(): void;
}

export function createStreamConnections(): StreamConnections {
  const open = new Set<StreamConnection>();
  return {
    open(response, stillAllowed) {
      const connection = openConnection(response, stillAllowed);
      open.add(connection);
      void connection.closed.then(() => open.delete(connection));
      return connection;
    },
    closeAll: () => open.forEach((connection) => connection.end()),
  };
}

function openConnection(response: Response, stillAllowed: () => Promise<boolean>): StreamConnection {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-transform',
    'X-Accel-Buffering': 'no',
  });
  response.write('retry: 1000\n\n');
  const end = () => void response.end();
  const heartbeat = setInterval(() => {
    if (response.writableEnded) return;
    response.write(': heartbeat\n\n');
    stillAllowed().then(
      (allowed) => (allowed ? undefined : end()),
      () => undefined,
    );
  }, HEARTBEAT_MS);
  const closed = new Promise<void>((resolve) => response.once('close', resolve));
  void closed.then(() => clearInterval(heartbeat));
  return {
    closed,
    end,
    send({ seq, name, data }) {
      if (response.writableEnded || response.destroyed) return false;
      response.write(`id: ${seq}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
      if (response.writableLength > MAX_BUFFERED_BYTES) response.destroy();
      return !response.destroyed;
    },
  };
}
