import { isIP } from 'node:net';
import { ProviderFailure } from '../../integrations/provider-failure';
import { refusalOf } from './address';
import type { AllowList } from './allow-list';

/** The parts of a request that the guard checks. */
interface Target {
  /** Host name, or an IPv6 literal without brackets. */
  hostname: string;
  port: number;
}

/** Returns the host and port of an http(s) URL. */
export function targetOf(url: URL): Target {
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  return { hostname, port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80) };
}

/**
 * Refuses requests that are never allowed: schemes other than http(s), user names and passwords in the URL, and literal
 * addresses that are neither public nor allowed. Names are checked when they are resolved.
 * @throws {ProviderFailure} egress_refused
 */
export function checkTarget(url: URL, allow: AllowList): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw refused(`Only http and https are allowed, not "${url.protocol}".`);
  }
  if (url.username !== '' || url.password !== '') {
    throw refused('A user name or password in the URL is not allowed: use the fields for authentication.');
  }
  const { hostname, port } = targetOf(url);
  if (isIP(hostname) !== 0) checkAddress(hostname, port, allow, `The address ${hostname}`);
}

/**
 * Refuses an address that is neither public nor allowed. The error message starts with `what`.
 * @throws {ProviderFailure} egress_refused
 */
export function checkAddress(address: string, port: number, allow: AllowList, what: string): void {
  const refusal = refusalOf(address);
  if (refusal === null || allow.allowsAddress(address, port)) return;
  throw refused(`${what} is not public (${refusal}). ${HINT}`);
}

const HINT = 'To allow it, add it to FERMATA_EGRESS_ALLOW.';

/** Returns whether a connection to a resolved address is allowed. */
export function isAllowedAddress(address: string, port: number, allow: AllowList): boolean {
  return refusalOf(address) === null || allow.allowsAddress(address, port);
}

/**
 * Returns the failure for a refused name. The message does not contain the addresses, because automation authors must
 * not learn the addresses of internal names.
 */
export function refusedName(hostname: string): ProviderFailure {
  return refused(`The host ${hostname} is not public. ${HINT}`);
}

function refused(message: string): ProviderFailure {
  return new ProviderFailure('egress_refused', message, { retryable: false });
}
