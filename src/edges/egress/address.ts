import ipaddr from 'ipaddr.js';

/** Azure's metadata service (wire server), which has a public address. */
const PUBLIC_METADATA = new Set(['168.63.129.16']);
/** The only IPv6 range assigned to the public internet (RFC 4291, 2.4). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * Returns the category of an address that is not public (`loopback`, `private`, `linkLocal`…), or null for a public
 * address. An IPv4-mapped IPv6 address is classified as IPv4. Tunnel addresses (NAT64, 6to4, Teredo) are never public.
 */
export function refusalOf(text: string): string | null {
  const address = parseAddress(text);
  if (address === null) return 'unreadable';
  const range: string = address.range();
  if (range !== 'unicast') return range;
  if (address instanceof ipaddr.IPv6) return address.match(GLOBAL_UNICAST) ? null : 'reserved';
  return PUBLIC_METADATA.has(address.toString()) ? 'metadata' : null;
}

/**
 * Parses an IP address. Returns null for any other string. An IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) becomes an
 * IPv4 address, and the zone of a link-local address is dropped.
 */
export function parseAddress(text: string): Address | null {
  const [bare = ''] = text.split('%');
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : null;
}
