import { z } from 'zod';

const FIRST_MS = Date.UTC(1970, 0, 1);
const LAST_MS = Date.UTC(9999, 0, 1);

/**
 * Returns whether a time is in the years 1970 to 9998. All parts of the service can store, compare and return times in
 * this range.
 */
export function isKeepable(at: Date): boolean {
  return at.getTime() >= FIRST_MS && at.getTime() < LAST_MS;
}

/** A time in a request (RFC 3339, with a zone), in the years 1970 to 9998. */
export const Instant = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 time with a zone, such as 2026-01-31T12:00:00Z' })
  .refine((text) => isKeepable(new Date(text)), 'must be in the years 1970 to 9998');
