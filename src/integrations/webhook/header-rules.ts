import { z } from 'zod';

/** Headers that the HTTP client sets. Other values would break the framing or routing of the request. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'expect',
  'te',
  'trailer',
]);

/** Returns whether `name` is a valid header name, i.e. a token as defined in RFC 9110, 5.6.2. */
export function isHeaderName(name: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name);
}

/** Returns whether a step must not set a header, because the HTTP client sets it. */
export function isForbiddenHeader(name: string): boolean {
  return FORBIDDEN.has(name.toLowerCase());
}

/** Returns why `value` cannot be a header value, or null if it can. */
export function headerProblem(value: string): string | null {
  if (/[\r\n]/.test(value)) return 'must not contain a line break';
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
    ? null
    : 'must not contain control characters or characters beyond Latin-1';
}

/** Headers of a connection, by name. The values may be secrets. */
export const ConnectionHeaders = z
  .record(
    z
      .string()
      .refine(isHeaderName, 'must be the name of an HTTP header')
      .refine((name) => !isForbiddenHeader(name), 'belongs to the connection and cannot be set'),
    z.string().refine((value) => headerProblem(value) === null, 'cannot be sent in a header'),
  )
  .default({})
  .meta({ 'x-secret': true });
