import { ProviderFailure } from './provider-failure';

/** A segment `.` or `..` in a path: the URL parser drops it, and for `..` the previous segment. */
const DOT_SEGMENT = /^[^?#]*\/\.{1,2}(?:[/?#]|$)/;

/**
 * Returns a URL that consists of a fixed path and values from payloads and callers. `encodeURIComponent` does not
 * change `..`, which would lead to another resource of the API. @throws {ProviderFailure} config_invalid when a segment
 * is `.` or `..`
 */
export function plainPath(url: string): string {
  if (!DOT_SEGMENT.test(url)) return url;
  throw new ProviderFailure('config_invalid', 'An id or a name in the path of the request is "." or "..".', {
    retryable: false,
  });
}
