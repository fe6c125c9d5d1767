import { z } from 'zod';
import { isKeepable } from '../../domain/instant';
import { FermataError } from '../../domain/errors';

/** An instant in a response. */
export const Timestamp = z.iso.datetime({ offset: true }).meta({ description: 'ISO 8601, UTC' });

/** An instant in a query or in a filter, parsed to a Date. Dates, and times without an offset, are interpreted as UTC. */
export const InstantQuery = z.iso
  .datetime({ offset: true, local: true })
  .or(z.iso.date())
  .transform((text) => new Date(/[zZ]|[+-]\d\d:?\d\d$/.test(text) || !text.includes('T') ? text : `${text}Z`))
  .refine(isKeepable, 'must be in the years 1970 to 9998');

/** A flag in a query: `?cancelRuns` and `?cancelRuns=true` are the same. */
export const FlagQuery = z
  .enum(['', 'true', 'false', '1', '0'], 'must be true or false')
  .transform((text) => text !== 'false' && text !== '0');

/** Path parameter with the id of a resource. */
export const IdParams = z.object({ id: z.string().min(1).max(512) });

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Returns a UUID in lower case, which is how the database formats it.
 * @throws {FermataError} `not_found` if `id` is not a UUID
 */
export function uuidOrNotFound(id: string, what: string): string {
  if (!UUID.test(id)) throw notFound(what, id);
  return id.toLowerCase();
}

/** Returns a `not_found` error for an id. */
export function notFound(what: string, id: string): FermataError {
  return new FermataError('not_found', `${what.charAt(0).toUpperCase()}${what.slice(1)} "${id}" not found.`);
}

/** Returns an instant as ISO 8601, or null. */
export function isoOrNull(at: Date | null): string | null {
  return at === null ? null : at.toISOString();
}

/** Ids of systems in a query, separated by commas. */
export const SystemIds = z
  .string()
  .transform((text) => [...new Set(text.split(',').map((id) => id.trim()))].filter((id) => id !== ''))
  .pipe(z.array(z.string().max(200)).max(200))
  .describe('Ids of systems, comma-separated; at most 200');
