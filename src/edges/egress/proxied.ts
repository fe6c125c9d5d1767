import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { buildConnector, Pool, type Agent, type Dispatcher } from 'undici';
import { ProviderFailure } from '../../integrations/provider-failure';
import type { AllowList } from './allow-list';
import { errorCode } from './error-code';
import type { Resolve } from './guarded-lookup';
import type { Hop } from './redirect';
import { isAllowedAddress, refusedName, targetOf } from './target';
import type { EgressTls } from './tls';

/** Timeout in milliseconds for opening a connection through the proxy. */
const CONNECT_TIMEOUT_MS = 10_000;
/**
 * Matches names that belong to the proxy's own machine or network, whether or not they can be resolved here: names
 * without a dot, names below a top-level domain that is not in the public DNS (RFC 6761, 6762, 8375, ICANN's
 * `.internal`), and the AWS metadata service.
 */
const INTERNAL =
  /^[^.]+$|\.(localhost|local|localdomain|internal|intranet|lan|home\.arpa|svc|consul)$|^instance-data\./;
const UNRESOLVED: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ENODATA', 'ESERVFAIL']);

/**
 * Returns whether to connect to a host directly even though a proxy is configured. This is the case if the operator
 * allows the host by name, or allows all of its addresses. A proxy resolves names itself, so every address of a proxied
 * host must be public.
 * @throws {ProviderFailure} `egress_refused` for an internal name, and when the name resolves here to an address that
 * is neither public nor allowed
 */
export async function goesDirect(url: URL, allow: AllowList, resolve: Resolve): Promise<boolean> {
  const { hostname, port } = targetOf(url);
  if (allow.allowsHost(hostname, port) || allow.allowsAddress(hostname, port)) return true;
  if (INTERNAL.test(hostname.toLowerCase().replace(/\.$/, ''))) {
    throw refusedName(hostname);
  }
  const found = await resolve(hostname).catch((error: unknown) => {
    if (UNRESOLVED.has(errorCode(error) ?? '')) return [];
    throw error;
  });
  if (found.length > 0 && found.every(({ address }) => allow.allowsAddress(address, port))) return true;
  if (!found.every(({ address }) => isAllowedAddress(address, port, allow))) throw refusedName(hostname);
  return false;
}

/** Sends requests through proxies over pooled connections. HTTPS requests use a CONNECT tunnel. */
export interface ProxiedSender {
  send(proxy: URL, hop: Hop, signal: AbortSignal, tls?: EgressTls): Promise<Dispatcher.ResponseData>;
  close(): Promise<void>;
}

/**
 * Creates the sender. `agent` connects to the proxy without checking its addresses, because the operator has chosen the
 * proxy.
 */
export function createProxiedSender(agent: Agent): ProxiedSender {
  const tunnels = new Map<string, Pool>();

  const tunnelTo = (proxy: URL, origin: string, tls: EgressTls = {}): Pool => {
    const key = `${proxy.href} ${origin} ${JSON.stringify(tls)}`;
    const known = tunnels.get(key);
    if (known) return known;
    const connectTls = buildConnector({ timeout: CONNECT_TIMEOUT_MS, ...tls });
    const pool = new Pool(origin, {
      ...{ headersTimeout: 0, bodyTimeout: 0 },
      connect: (options, callback) => {
        openTunnel(proxy, new URL(origin)).then(
          (httpSocket) => connectTls({ ...options, httpSocket } as Parameters<typeof connectTls>[0], callback),
          (error: Error) => callback(error, null),
        );
      },
    });
    tunnels.set(key, pool);
    return pool;
  };

  return {
    send(proxy, { url, method, headers, body }, signal, tls) {
      const path = url.pathname + url.search;
      if (url.protocol === 'https:')
        return tunnelTo(proxy, url.origin, tls).request({ path, method, headers, body, signal });
      const authorization = credentialsOf(proxy);
      return agent.request({
        ...{ origin: proxy.origin, path: `${url.origin}${path}`, method, body, signal },
        headers: { Host: url.host, ...headers, ...(authorization && { 'Proxy-Authorization': authorization }) },
      });
    },
    async close() {
      await Promise.all([...tunnels.values()].map((pool) => pool.destroy()));
    },
  };
}

/**
 * Opens a tunnel to a host through a proxy.
 * @throws {ProviderFailure} when the proxy refuses
 */
function openTunnel(proxy: URL, target: URL): Promise<Socket> {
  const place = `${target.hostname}:${targetOf(target).port}`;
  const authorization = credentialsOf(proxy);
  return new Promise((resolve, reject) => {
    const send = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send({
      ...{ host: proxy.hostname.replace(/^\[|\]$/g, ''), port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80) },
      ...{ method: 'CONNECT', path: place, timeout: CONNECT_TIMEOUT_MS, agent: false },
      headers: { Host: place, ...(authorization && { 'Proxy-Authorization': authorization }) },
    });
    request.once('connect', (response, socket) => {
      if (response.statusCode === 200) return resolve(socket as Socket);
      socket.destroy();
      reject(refusal(place, response.statusCode ?? 0));
    });
    request.once('response', (response) => {
      response.destroy();
      reject(refusal(place, response.statusCode ?? 0));
    });
    request.once('timeout', () => request.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })));
    request.once('error', (error) => reject(new Error(`The proxy failed: ${error.message}`, { cause: error })));
    request.end();
  });
}

/**
 * Returns the failure for a request that the proxy refused. 403 and 407 are permanent; other statuses may be temporary.
 */
function refusal(place: string, status: number): ProviderFailure {
  const message = `The proxy refused the connection to ${place} with status ${status}.`;
  const isDecision = status === 403 || status === 407;
  return new ProviderFailure(isDecision ? 'egress_refused' : 'network_error', message, { retryable: !isDecision });
}

function credentialsOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}
