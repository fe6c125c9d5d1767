import { ProviderFailure } from '../../integrations/provider-failure';

const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Headers that are never sent to an origin other than that of the original request. */
const CREDENTIALS = ['authorization', 'cookie', 'proxy-authorization'];
/** Headers that describe the body. They are removed together with the body. */
const OF_THE_BODY: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'content-encoding',
  'content-language',
  'content-location',
]);

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One request of an exchange. */
export interface Hop {
  url: URL;
  method: Method;
  headers: Readonly<Record<string, string>>;
  body: string | Buffer | null;
  /** Number of redirects so far. */
  redirects: number;
}

/** What must not be sent to an origin other than that of the original request. */
export interface Confidential {
  /** Whether the body contains credentials. */
  body: boolean;
  /** Returns whether a text contains a secret. */
  holdsSecret(text: string): boolean;
}

/**
 * Returns the request that follows a redirect, according to the Fetch standard. Returns null if the response is not a
 * redirect. Credentials and the headers in `sensitive` (lower case) are not sent to another origin.
 * @throws {ProviderFailure} http_status for more than five redirects, and for a location that is not a URL
 */
export function nextHop(
  hop: Hop,
  status: number,
  location: string | undefined,
  sensitive: ReadonlySet<string>,
): Hop | null {
  if (!REDIRECTS.has(status) || location === undefined) return null;
  if (hop.redirects >= MAX_REDIRECTS) throw lost(status, `More than ${MAX_REDIRECTS} redirects.`);
  if (!URL.canParse(location, hop.url.href))
    throw lost(status, 'The server redirects to a location that is not a valid URL.');
  const url = new URL(location, hop.url);
  const asGet = (status === 303 && hop.method !== 'HEAD') || (status <= 302 && hop.method === 'POST');
  const leaves = url.origin !== hop.url.origin;
  const stays = (name: string) =>
    !(asGet && OF_THE_BODY.has(name)) && !(leaves && (CREDENTIALS.includes(name) || sensitive.has(name)));
  return {
    url,
    method: asGet ? 'GET' : hop.method,
    headers: Object.fromEntries(Object.entries(hop.headers).filter(([name]) => stays(name.toLowerCase()))),
    body: asGet ? null : hop.body,
    redirects: hop.redirects + 1,
  };
}

/**
 * Checks that the request that follows a redirect does not take a secret to another origin.
 * @throws {ProviderFailure} http_status when the body or a header contains one
 */
export function checkSecrets(hop: Hop, next: Hop, status: number, confidential: Confidential): void {
  const secret = next.url.origin === hop.url.origin ? null : secretPart(next, confidential);
  if (secret === null) return;
  throw lost(
    status,
    `The server redirects with status ${status} to another origin. The redirect was not followed, because ${secret} contains a secret. If the other origin may receive it, send the request there.`,
  );
}

/** Returns which part of a request must not be sent to another origin, or null if there is none. */
function secretPart({ headers, body }: Hop, { body: isSecret, holdsSecret }: Confidential): string | null {
  if (body !== null && (isSecret || holdsSecret(body.toString()))) return 'the body';
  const header = Object.entries(headers).find(([, value]) => holdsSecret(value));
  return header === undefined ? null : `the header ${header[0]}`;
}

function lost(status: number, message: string): ProviderFailure {
  return new ProviderFailure('http_status', message, { retryable: false, status });
}
