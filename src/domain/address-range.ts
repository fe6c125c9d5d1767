import ipaddr from 'ipaddr.js';

/** An address range: a base address and the number of leading bits that must match. */
export type AddressRange = [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * Parses an address, or a range in CIDR notation. A single IPv4-mapped IPv6 address is converted to the IPv4 address.
 * @throws {Error} for anything else
 */
export function parseAddressRange(text: string): AddressRange {
  if (text.includes('/')) return ipaddr.parseCIDR(text);
  const address = ipaddr.process(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

/** Returns whether `text` is an address or a range in CIDR notation. */
export function isAddressRange(text: string): boolean {
  try {
    parseAddressRange(text);
    return true;
  } catch {
    return false;
  }
}
