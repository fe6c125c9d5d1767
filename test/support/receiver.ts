import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request to the receiver. */
export interface Received {
  /** The `Idempotency-Key` header. Each effect has one key. */
  key: string;
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  at: number;
}

/** How the receiver responds. Default: 200 immediately. */
export type Answer = (received: Received, response: ServerResponse) => void | Promise<void>;

/** A real HTTP server that actions call. It records every request. */
export interface Receiver {
  url: string;
  received: Received[];
  /** Replaces the way in which the receiver responds. */
  answerWith(answer: Answer): void;
  /** Clears the recorded requests, and makes the receiver respond with 200 immediately again. */
  reset(): void;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const ok: Answer = (_received, response) => void response.end('ok');
  let answer = ok;
  const server = createServer((request, response) => {
    void readBody(request).then(async (body) => {
      const entry: Received = {
        key: String(request.headers['idempotency-key'] ?? ''),
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body,
        at: Date.now(),
      };
      received.push(entry);
      await answer(entry, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    answerWith: (next) => (answer = next),
    reset() {
      received.splice(0);
      answer = ok;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
