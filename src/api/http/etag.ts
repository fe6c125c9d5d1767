import { sha256 } from '../../domain/sha256';
import { FermataError } from '../../domain/errors';

/**
 * Returns a strong ETag for the parts of a resource. It does not depend on the key order, which the database may
 * change.
 */
export function etagOf(...parts: unknown[]): string {
  return `"${sha256(JSON.stringify(parts, sorted), 'base64url').slice(0, 22)}"`;
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Refuses an update that is based on an older state of the resource, according to `If-Match` (RFC 9110: strong
 * comparison, lists, `*`). Without `If-Match`, the last write wins. If `current` is null, the resource does not exist,
 * and no value matches.
 * @throws {FermataError} `stale_etag`
 */
export function assertIfMatch(ifMatch: string | undefined, current: string | null): void {
  if (ifMatch === undefined || (ifMatch.trim() === '*' && current !== null)) return;
  if (ifMatch.split(',').some((tag) => tag.trim() === current)) return;
  throw new FermataError('stale_etag', 'The resource has changed since it was read; read it again.');
}

/** Documentation of the `If-Match` header and the 412 response, for routes with an ETag. */
export const IF_MATCH = {
  headers: { 'If-Match': 'ETag of the state that the change was made from; without it the last write wins' },
  responses: { 412: { description: 'The resource has changed since it was read' } },
} as const;
