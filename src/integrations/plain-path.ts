import { ProviderFailure } from './provider-failure';

/** A `.` or `..` as a part of a path: the URL parser drops it, and for `..` the part before it. */
const DOT_SEGMENT = /^[^?#]*\/\.{1,2}(?:[/?#]|$)/;

/**
 * Returns a URL that was put together from a fixed path and values that payloads and callers bring. `encodeURIComponent` leaves `..` as it
 * is, which would lead to another resource of the API.
 * @throws {ProviderFailure} config_invalid when a part of the path is `.` or `..`
 */
export function plainPath(url: string): string {
  if (!DOT_SEGMENT.test(url)) return url;
  throw new ProviderFailure('config_invalid', 'An id or a name in the path of the request is "." or "..".', {
    retryable: false,
  });
}
