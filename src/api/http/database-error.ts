import { databaseCauses, isDatabaseUnavailable } from '../../db/availability';
import { FermataError } from '../../domain/errors';

const UNAVAILABLE_SECONDS = 2;

/** Statement and lock timeouts. The database can be reached, but is overloaded. */
const OVERLOADED = new Set(['57014', '55P03']);
/** NUL in text, or lone surrogates in jsonb. */
const INVALID_TEXT = new Set(['22021', '22P05']);
/**
 * Deadlock, serialization failure, or a plan invalidated by a migration. The same transaction may succeed if repeated.
 */
const REPEATABLE = new Set(['40P01', '40001', '0A000']);

/** Returns the error for the caller if the database refused a statement for an expected reason, otherwise undefined. */
export function databaseRefusal(error: unknown): FermataError | undefined {
  for (const { code } of databaseCauses(error)) {
    if (INVALID_TEXT.has(code)) {
      return new FermataError('invalid_text', 'The text contains characters that cannot be stored.', { cause: error });
    }
    if (OVERLOADED.has(code) || REPEATABLE.has(code)) {
      return new FermataError('overloaded', 'The database is busy; repeat the request.', {
        retryAfterSeconds: 1,
        cause: error,
      });
    }
  }
  if (!isDatabaseUnavailable(error)) return undefined;
  return new FermataError('database_unavailable', 'The database cannot be reached; nothing was changed.', {
    retryAfterSeconds: UNAVAILABLE_SECONDS,
    cause: error,
  });
}

/** Returns whether repeating the transaction may help. */
export function isRepeatable(error: unknown): boolean {
  return databaseCauses(error).some(({ code }) => REPEATABLE.has(code));
}
