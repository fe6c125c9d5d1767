import ipaddr from 'ipaddr.js';
import { parseAddress } from './address';

/**
 * Hosts and addresses that the operator allows in addition to public addresses. An entry with a port applies only to
 * that port.
 */
export interface AllowList {
  /** Returns whether a name is allowed regardless of its addresses. */
  allowsHost(hostname: string, port: number): boolean;
  allowsAddress(address: string, port: number): boolean;
}

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];
type Entry = { port: number | null } & ({ host: string } | { suffix: string } | { range: Range });

/**
 * Parses entries of the forms `host`, `*.suffix` (subdomains, but not `suffix` itself), an address, or a CIDR range.
 * Each may end with `:port`; an IPv6 address must then be in brackets.
 * @throws {Error} with the first invalid entry
 */
export function createAllowList(items: readonly string[]): AllowList {
  const entries = items.map(parseEntry);
  const onPort = (port: number) => (entry: Entry) => entry.port === null || entry.port === port;
  return {
    allowsHost(hostname, port) {
      const name = plainName(hostname);
      return entries.filter(onPort(port)).some((entry) => {
        if ('host' in entry) return entry.host === name;
        return 'suffix' in entry && name.endsWith(entry.suffix) && name.length > entry.suffix.length;
      });
    },
    allowsAddress(text, port) {
      const address = parseAddress(text);
      if (address === null) return false;
      return entries
        .filter(onPort(port))
        .some((entry) => 'range' in entry && entry.range[0].kind() === address.kind() && address.match(entry.range));
    },
  };
}

/** Normalises a host name for comparisons: lower case, without a trailing dot. */
function plainName(hostname: string): string {
  return hostname.toLowerCase().replace(/\.$/, '');
}

function parseEntry(item: string): Entry {
  const text = item.trim();
  const { rest, port } = splitPort(text);
  const range = parseRange(rest);
  if (range) return { range, port };
  if (/^[\d.]+$/.test(rest) || !/^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(rest)) {
    throw new Error(`"${text}" is not a host, an address or a CIDR range`);
  }
  const name = plainName(rest);
  return name.startsWith('*.') ? { suffix: name.slice(1), port } : { host: name, port };
}

function splitPort(text: string): { rest: string; port: number | null } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  const match = bracketed ?? /^([^:]+):(\d+)$/.exec(text);
  if (!match) return { rest: text, port: null };
  const [, rest = '', digits] = match;
  const port = digits === undefined ? null : Number(digits);
  if (port !== null && (port < 1 || port > 65_535)) throw new Error(`"${text}" has an invalid port`);
  return { rest, port };
}

function parseRange(text: string): Range | null {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  if (ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)) {
    const address = ipaddr.process(text);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  }
  return null;
}
