import { ProviderFailure } from './provider-failure';

/**
 * Matches a path with a `.` or `..` segment. URL parsers remove these segments, and `..` also removes the preceding
 * segment.
 */
const DOT_SEGMENT = /^[^?#]*\/\.{1,2}(?:[/?#]|$)/;

/**
 * Returns a URL unchanged after checking its path, which contains values from payloads or callers. `encodeURIComponent`
 * does not encode `..`, which would lead to another resource of the API.
 * @throws {ProviderFailure} config_invalid when a path segment is `.` or `..`
 */
export function plainPath(url: string): string {
  if (!DOT_SEGMENT.test(url)) return url;
  throw new ProviderFailure('config_invalid', 'An id or a name in the path of the request is "." or "..".', {
    retryable: false,
  });
}
