import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import type { AllowList } from './allow-list';
import { isAllowedAddress, refusedName } from './target';

/** Resolves a name to all its addresses, in the order in which they should be tried. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

/** Resolves names with the system resolver. */
export const systemResolve: Resolve = (hostname) => lookup(hostname, { all: true });

/**
 * Returns the lookup function for one connection. The socket connects to exactly the addresses that were checked here,
 * so a name that later resolves to another address (DNS rebinding) has no effect. Addresses that are not allowed are
 * left out. If none remains, the lookup fails with `egress_refused`.
 */
export function guardedLookup(port: number, allow: AllowList, resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    void resolve(hostname)
      .then((found) => {
        const wanted = found.filter(({ family }) => !options.family || family === familyNumber(options.family));
        return permitted(hostname, wanted.length > 0 ? wanted : found, port, allow);
      })
      .then(
        (addresses) => {
          const [first] = addresses;
          if (options.all) callback(null, addresses);
          else callback(null, first.address, first.family);
        },
        (error: NodeJS.ErrnoException) => callback(error, options.all ? [] : '', 0),
      );
  };
}

function permitted(
  hostname: string,
  found: LookupAddress[],
  port: number,
  allow: AllowList,
): [LookupAddress, ...LookupAddress[]] {
  if (found.length === 0) throw Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' });
  if (allow.allowsHost(hostname, port)) return found as [LookupAddress, ...LookupAddress[]];
  const [first, ...rest] = found.filter(({ address }) => isAllowedAddress(address, port, allow));
  if (first === undefined) throw refusedName(hostname);
  return [first, ...rest];
}

function familyNumber(family: number | 'IPv4' | 'IPv6'): number {
  return family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family;
}
