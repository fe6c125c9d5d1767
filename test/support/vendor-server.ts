import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface VendorRequest {
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface VendorAnswer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
  /** Writes the response body and ends the response. If present, `body` is ignored. */
  stream?(response: ServerResponse): void;
}

/** Starts a server that responds like a vendor. `answer` determines the responses, and every request is recorded. */
export async function startVendorServer(
  answer: (request: VendorRequest) => VendorAnswer,
  tls?: { cert: string; key: string },
) {
  const requests: VendorRequest[] = [];
  const listener: RequestListener = (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url: path = '', headers } = incoming;
      const request = { method, path, headers, body: Buffer.concat(chunks).toString('utf8') };
      requests.push(request);
      const { status, body, headers: own = {}, stream } = answer(request);
      response.writeHead(status, { 'content-type': 'application/json', ...own });
      if (stream) stream(response);
      else response.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body));
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
