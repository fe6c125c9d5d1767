import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import { parseAddressRange } from '../../domain/address-range';

/** Returns the address of the client that made a request. */
export type ClientAddress = (request: IncomingMessage) => string;

/**
 * Creates a function that returns the client address. This is the address of the peer, unless the peer is a trusted
 * proxy (`trustedProxies` lists addresses or CIDR ranges). In that case, it is the last address in `X-Forwarded-For`
 * that is not a trusted proxy. The header is ignored if the peer is not trusted.
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const ranges = trustedProxies.map(parseAddressRange);
  const isTrusted = (address: string): boolean => {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    return ranges.some(([base, bits]) => base.kind() === parsed.kind() && parsed.match(base, bits));
  };
  return (request) => {
    const peer = request.socket.remoteAddress ?? '';
    if (ranges.length === 0 || !isTrusted(peer)) return peer;
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
