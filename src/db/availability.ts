import { DrizzleQueryError } from 'drizzle-orm/errors';

/** Error codes of sockets, of the Postgres error classes 08, 53 and 57P, and of a read-only standby. */
const UNAVAILABLE =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|08\w{3}|53\w{3}|57P\w{2}|25006)$/;
/** Messages of errors that node-postgres reports without a code. */
const UNAVAILABLE_MESSAGE =
  /timeout exceeded when trying to connect|Query read timeout|Connection terminated|Client has encountered a connection error|pool after calling end/;
/**
 * A migration changed a table for which this connection has a cached plan ("cached plan must not change result type").
 * The connection is dropped (`drop-broken-connections.ts`), and the statement succeeds on another connection.
 */
const STALE_PLAN = '0A000';
/**
 * Statement and lock timeouts, deadlocks and serialisation failures. The same transaction may succeed when it is
 * retried.
 */
const REPEATABLE = new Set(['40P01', '40001', '57014', '55P03', STALE_PLAN]);

/**
 * Returns whether an error means that Postgres is unreachable or overloaded, or that the transaction can be retried.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  return databaseCauses(error).some(
    ({ code, message }) => UNAVAILABLE.test(code) || UNAVAILABLE_MESSAGE.test(message) || REPEATABLE.has(code),
  );
}

/** Returns whether an error was caused by a statement on Fermata's own database. */
export function isQueryError(error: unknown): boolean {
  let current = error as ErrorShape | null | undefined;
  for (let depth = 0; depth < 5 && typeof current === 'object' && current !== null; depth += 1) {
    if (current instanceof DrizzleQueryError) return true;
    current = current.cause as ErrorShape | null | undefined;
  }
  return false;
}

/**
 * Returns the code and message of an error and of its causes, at most five levels deep. Database and socket errors are
 * recognized by code and message rather than by `instanceof`, because Node's socket errors may be instances of an
 * `Error` class from a different realm than this module's.
 */
export function databaseCauses(error: unknown): { code: string; message: string }[] {
  const found: { code: string; message: string }[] = [];
  let current = error as ErrorShape | null | undefined;
  for (let depth = 0; depth < 5 && typeof current === 'object' && current !== null; depth += 1) {
    const { code, message, errors } = current;
    // The message of a query error contains the whole statement and could match by accident, so it is ignored.
    const says = typeof message === 'string' && !(current instanceof DrizzleQueryError) ? message : '';
    found.push({ code: typeof code === 'string' ? code : '', message: says });
    if (Array.isArray(errors)) found.push(...errors.flatMap(databaseCauses));
    current = current.cause as ErrorShape | null | undefined;
  }
  return found;
}

interface ErrorShape {
  code?: unknown;
  message?: unknown;
  /** Set for an AggregateError, with one error for each address that was tried. */
  errors?: unknown;
  cause?: unknown;
}
