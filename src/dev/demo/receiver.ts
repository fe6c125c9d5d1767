import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request to the receiver. */
export interface ReceivedRequest {
  at: Date;
  method: string;
  path: string;
  body: string;
  idempotencyKey: string | undefined;
}

/** An HTTP server that answers every request with 200. */
export interface Receiver {
  /** URL without a path, e.g. `http://127.0.0.1:9099`. */
  url: string;
  /** Requests in the order of arrival. */
  received: readonly ReceivedRequest[];
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const MAX_BODY_CHARS = 100_000;

/** Starts a receiver on `wantedPort`, or on any free port if that port is in use. */
export async function startReceiver(wantedPort: number): Promise<Receiver> {
  const received: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    readBody(request).then(
      (body) => {
        const { method = '', url = '' } = request;
        const key = request.headers['idempotency-key'];
        received.push({ at: new Date(), method, path: url, body, idempotencyKey: [key].flat()[0] });
        response.setHeader('Content-Type', 'application/json').end('{"ok":true}');
      },
      () => response.destroy(),
    );
  });
  await listen(server, wantedPort).catch(() => listen(server, 0));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${HOST}:${port}`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8') as AsyncIterable<string>) {
    if (body.length < MAX_BODY_CHARS) body += chunk;
  }
  return body;
}
