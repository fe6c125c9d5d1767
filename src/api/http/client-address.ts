import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import { parseAddressRange } from '../../domain/address-range';

/** Returns the address of the client that made a request. */
export type ClientAddress = (request: IncomingMessage) => string;

/**
 * Creates a function that returns whether an address belongs to a trusted proxy. `trustedProxies` lists addresses and
 * CIDR ranges.
 */
function createIsTrusted(trustedProxies: readonly string[]): (address: string) => boolean {
  const ranges = trustedProxies.map(parseAddressRange);
  return (address) => {
    if (ranges.length === 0 || !ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    return ranges.some(([base, bits]) => base.kind() === parsed.kind() && parsed.match(base, bits));
  };
}

const peerOf = (request: IncomingMessage): string => request.socket.remoteAddress ?? '';

/**
 * Creates a function that returns the client address. This is the address of the peer, unless the peer is a trusted
 * proxy (`trustedProxies` lists addresses or CIDR ranges). In that case, it is the last address in `X-Forwarded-For`
 * that is not a trusted proxy. The header is ignored if the peer is not trusted.
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const isTrusted = createIsTrusted(trustedProxies);
  return (request) => {
    const peer = peerOf(request);
    if (!isTrusted(peer)) return peer;
    const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',');
    let client = peer;
    for (const text of forwarded.reverse()) {
      const address = text.trim();
      if (!ipaddr.isValid(address)) break;
      client = address;
      if (!isTrusted(address)) break;
    }
    return client;
  };
}

/**
 * Creates a function that returns whether the client used HTTPS, according to the first value of `X-Forwarded-Proto`.
 * The proxy nearest to the client must overwrite the header, because a proxy that appends to it keeps the value that the
 * client sent. Returns false if the header is absent or the peer is not a trusted proxy.
 */
export function createForwardedHttps(trustedProxies: readonly string[]): (request: IncomingMessage) => boolean {
  const isTrusted = createIsTrusted(trustedProxies);
  return (request) => {
    const [first = ''] = String(request.headers['x-forwarded-proto'] ?? '').split(',');
    return first.trim().toLowerCase() === 'https' && isTrusted(peerOf(request));
  };
}
