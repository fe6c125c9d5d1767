import { chmod, chown, rm } from 'node:fs/promises';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { Egress } from '../../edges/egress/egress';
import { messageOf } from '../../domain/errors';
import { ProviderFailure } from '../provider-failure';
import { scriptUser } from './bubblewrap';

const CONNECT_TIMEOUT_MS = 10_000;
/** Maximum number of simultaneous connections of one script. */
const MAX_CONNECTIONS = 64;
/** Headers that apply to a single connection only (RFC 9110, 7.6.1). */
const HOP_BY_HOP = ['connection', 'proxy-connection', 'proxy-authorization', 'keep-alive', 'te', 'trailer', 'upgrade'];

/** The HTTP proxy of one script. */
export interface ScriptProxy {
  close(): Promise<void>;
}

/**
 * Starts an HTTP proxy on a Unix socket for one script. It accepts `CONNECT` and requests with an absolute `http://`
 * URL. All connections go through the egress guard, so a script can reach the same addresses as a webhook.
 */
export async function startScriptProxy(egress: Egress, path: string): Promise<ScriptProxy> {
  const over = new AbortController();
  const sockets = new Set<Duplex>();
  const track = <T extends Duplex>(socket: T): T => {
    sockets.add(socket);
    return socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  const reach = async (url: URL) => {
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    return track(await egress.connect({ host, port, timeoutMs: CONNECT_TIMEOUT_MS, signal: over.signal }));
  };
  const server = createServer((request, response) => void forward(request, response, reach));
  server.maxConnections = MAX_CONNECTIONS;
  server.on('connection', track);
  server.on('connect', (request, socket, head) => void tunnel(request, socket, head, reach));
  await listen(server, path);
  return {
    async close() {
      over.abort(new Error('The script has ended.'));
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(path, { force: true });
    },
  };
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  const user = scriptUser();
  await chmod(path, 0o600);
  if (user !== undefined) await chown(path, user, user);
}

type Reach = (url: URL) => Promise<Duplex>;

async function tunnel(request: IncomingMessage, socket: Duplex, head: Buffer, reach: Reach): Promise<void> {
  try {
    // The scheme only makes the text a valid URL. The request always contains the port.
    const target = await reach(urlOf(`https://${request.url ?? ''}`));
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    target.write(head);
    socket.pipe(target).pipe(socket);
    socket.on('close', () => target.destroy());
    target.on('close', () => socket.destroy());
  } catch (error) {
    const { status, text } = refusalOf(error);
    socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${text}\n`);
  }
}

async function forward(request: IncomingMessage, response: ServerResponse, reach: Reach): Promise<void> {
  try {
    const url = urlOf(request.url ?? '');
    if (url.protocol !== 'http:') throw malformed();
    const target = await reach(url);
    const { method, headers } = request;
    const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
    const onward = httpRequest({
      ...{ method, path: url.pathname + url.search, headers: { ...kept, host: url.host, connection: 'close' } },
      createConnection: () => target,
    });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', () => response.destroy()).pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  } catch (error) {
    const { status, text } = refusalOf(error);
    response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' }).end(`${text}\n`);
  }
}

function urlOf(text: string): URL {
  if (!URL.canParse(text)) throw malformed();
  return new URL(text);
}

const malformed = () =>
  new ProviderFailure('config_invalid', 'The proxy accepts only CONNECT and http:// URLs.', { retryable: false });

function refusalOf(error: unknown): { status: number; text: string } {
  const code = error instanceof ProviderFailure ? error.code : 'network_error';
  const status = code === 'egress_refused' ? 403 : code === 'config_invalid' ? 400 : 502;
  return { status, text: messageOf(error).replace(/[\r\n]+/g, ' ') };
}
