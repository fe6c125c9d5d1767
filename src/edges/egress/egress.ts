import { connect as netConnect, isIP, type Socket } from 'node:net';
import { Agent, type Dispatcher } from 'undici';
import { ProviderFailure } from '../../integrations/provider-failure';
import { CONNECT_TIMEOUT_MS, createAgents } from './agents';
import { createAllowList } from './allow-list';
import { checkBoundSecrets } from './bound-secrets';
import { containsSecret } from './secrets-of-call';
import { withDeadline } from './deadline';
import { guardedLookup, systemResolve, type Resolve } from './guarded-lookup';
import { networkFailure } from './network-failure';
import { createProxiedSender, goesDirect } from './proxied';
import { proxyFor, type ProxySettings } from './proxy-settings';
import { passOn, readText } from './read-text';
import { checkSecrets, nextHop, type Hop, type Method } from './redirect';
import type { EgressTls } from './tls';
import { checkAddress, checkTarget, targetOf } from './target';

const MAX_RESPONSE_BYTES = 1_048_576;
/**
 * Maximum number of bytes to read from a redirect's body in order to keep the connection open. If the body is larger,
 * the connection is closed.
 */
const MAX_REDIRECT_BODY_BYTES = 16_384;

export interface EgressRequest {
  url: string;
  method: Method;
  headers: Readonly<Record<string, string>>;
  body?: string | Buffer | undefined;
  /** Timeout in milliseconds for the whole exchange: resolving, connecting, redirects, and reading the response. */
  timeoutMs: number;
  /** Aborts the exchange. `send` then throws the signal's abort reason. */
  signal: AbortSignal;
  /** Maximum size in bytes of the decompressed response. Larger responses are truncated. Default: 1 MiB. */
  maxResponseBytes?: number;
  /**
   * Names of headers that contain secrets, in addition to Authorization and Cookie. They are not sent to other origins.
   */
  sensitiveHeaders?: readonly string[];
  /** Whether the body contains credentials. It is not sent to other origins. Default: false. */
  sensitiveBody?: boolean;
  /**
   * Receives the body of a 2xx response in pieces, as they arrive. `body` is then empty, and `maxResponseBytes` does
   * not apply. The next piece is read when the promise resolves. A rejection ends the exchange.
   */
  onText?: (text: string) => Promise<void>;
  /** Certificate authorities and client certificate for TLS. If set, `redirects` is `return`. */
  tls?: EgressTls;
  /** Whether redirects are followed (default) or returned. */
  redirects?: 'follow' | 'return';
}

export interface EgressResponse {
  status: number;
  /** Headers by lower-case name. Repeated headers are joined with `, `. */
  headers: Record<string, string>;
  body: string;
  /** URL of the response, after redirects. */
  url: string;
}

/** Sends requests to addresses that users configure. All such requests in the process go through this object. */
export interface Egress {
  /**
   * Sends a request and returns the response regardless of its status.
   * @throws {ProviderFailure} network_error or timeout (retryable), egress_refused, config_invalid, http_status for too
   * many redirects. Throws the signal's abort reason if the signal aborts.
   */
  send(request: EgressRequest): Promise<EgressResponse>;
  /**
   * Opens a connection to a checked address, for protocols other than HTTP.
   * @throws {ProviderFailure} like `send`
   */
  connect(to: { host: string; port: number; timeoutMs: number; signal: AbortSignal }): Promise<Socket>;
  /** Closes all connections. Exchanges in progress fail. */
  close(): Promise<void>;
}

interface EgressOptions {
  /**
   * Hosts, `*.suffix`, addresses and CIDR ranges that are allowed in addition to public addresses, each with or without
   * a port.
   */
  allow: readonly string[];
  /** Resolves names. Default: the system's resolver. */
  resolve?: Resolve;
  /** Proxies for HTTP. Default: none. Other protocols connect directly. */
  proxy?: ProxySettings;
}

/**
 * Creates an HTTP client with pooled, kept-alive connections to public addresses and to those in `allow`.
 * @throws {Error} for an invalid entry
 */
export function createEgress({ allow, resolve = systemResolve, proxy }: EgressOptions): Egress {
  const allowList = createAllowList(allow);
  const unguarded = new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: CONNECT_TIMEOUT_MS } });
  const proxied = createProxiedSender(unguarded);
  const agents = createAgents(allowList, resolve);

  async function sendHop(hop: Hop, signal: AbortSignal, tls?: EgressTls): Promise<Dispatcher.ResponseData> {
    checkTarget(hop.url, allowList);
    const via = proxy === undefined ? null : proxyFor(proxy, { protocol: hop.url.protocol, ...targetOf(hop.url) });
    if (via === null || (await goesDirect(hop.url, allowList, resolve))) {
      return sendDirect(agents.with(tls), hop, signal);
    }
    return proxied.send(via, hop, signal, tls);
  }

  async function exchange(request: EgressRequest, signal: AbortSignal): Promise<EgressResponse> {
    const sensitive = new Set(request.sensitiveHeaders?.map((name) => name.toLowerCase()));
    const confidential = { body: request.sensitiveBody === true, holdsSecret: containsSecret };
    let hop = firstHop(request);
    checkBoundSecrets(targetOf(hop.url).hostname);
    for (;;) {
      const response = await sendHop(hop, signal, request.tls);
      const headers = plainHeaders(response.headers);
      const isReturned = request.tls !== undefined || request.redirects === 'return';
      const next = isReturned ? null : nextHop(hop, response.statusCode, headers['location'], sensitive);
      if (next === null) {
        const body = await readBody(response, headers, request);
        return { status: response.statusCode, headers, body, url: hop.url.href };
      }
      await response.body.dump({ limit: MAX_REDIRECT_BODY_BYTES });
      // First, because a refusal of a bound secret is recorded in the audit log.
      checkBoundSecrets(targetOf(next.url).hostname, true);
      checkSecrets(hop, next, response.statusCode, confidential);
      hop = next;
    }
  }

  return {
    async send(request) {
      try {
        return await withDeadline(request.timeoutMs, request.signal, (signal) => exchange(request, signal));
      } catch (error) {
        if (request.signal.aborted && error === request.signal.reason) throw error;
        throw networkFailure(error, originOf(request.url));
      }
    },
    async connect({ host, port, timeoutMs, signal }) {
      const origin = `${host}:${port}`;
      try {
        checkBoundSecrets(host);
        if (isIP(host) !== 0) checkAddress(host, port, allowList, `The address ${host}`);
        return await withDeadline(timeoutMs, signal, (deadline) =>
          connected(netConnect({ host, port, lookup: guardedLookup(port, allowList, resolve) }), deadline),
        );
      } catch (error) {
        if (signal.aborted && error === signal.reason) throw error;
        throw networkFailure(error, origin);
      }
    },
    async close() {
      await Promise.all([agents.close(), proxied.close(), unguarded.destroy()]);
    },
  };
}

/** Returns the response text, or an empty string if the text was passed to `onText`. */
async function readBody(
  { statusCode, body }: Dispatcher.ResponseData,
  headers: Record<string, string>,
  { onText, maxResponseBytes = MAX_RESPONSE_BYTES }: EgressRequest,
): Promise<string> {
  const isGood = statusCode >= 200 && statusCode <= 299;
  if (onText === undefined || !isGood) return readText(body, headers, maxResponseBytes);
  await passOn(body, onText);
  return '';
}

function connected(socket: Socket, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const abort = () => void socket.destroy(signal.reason instanceof Error ? signal.reason : new Error('Aborted'));
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', reject).once('connect', () => {
      socket.off('error', reject);
      signal.removeEventListener('abort', abort);
      resolve(socket);
    });
  });
}

function firstHop({ url, method, headers, body }: EgressRequest): Hop {
  if (!URL.canParse(url)) throw new ProviderFailure('config_invalid', 'The URL is not valid.', { retryable: false });
  const named = Object.keys(headers).some((name) => name.toLowerCase() === 'user-agent');
  const all = named ? headers : { 'User-Agent': 'Fermata', ...headers };
  return { url: new URL(url), method, headers: all, body: body ?? null, redirects: 0 };
}

function sendDirect(agent: Agent, { url, method, headers, body }: Hop, signal: AbortSignal) {
  return agent.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method: method satisfies Dispatcher.HttpMethod,
    headers,
    body,
    signal,
  });
}

function plainHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const plain: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return plain;
}

/**
 * Returns the origin of a URL. Messages show only the origin, because webhook paths and queries often contain secrets.
 */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : 'The URL';
}
