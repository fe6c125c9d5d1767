import { DrizzleQueryError } from 'drizzle-orm/errors';

/** Codes of the socket, of Postgres' connection classes (08, 53, 57P) and of its read-only stand-by. */
const AWAY =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|08\w{3}|53\w{3}|57P\w{2}|25006)$/;
/** node-postgres tells these by message only. */
const AWAY_MESSAGE =
  /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|pool after calling end/;
/** Statement and lock timeouts, deadlock, serialisation failure: the same transaction may succeed when repeated. */
const REPEATABLE = new Set(['40P01', '40001', '57014', '55P03']);

/** Whether an error says that Postgres is away or too busy, and nothing about what was asked of it. */
export function isDatabaseAway(error: unknown): boolean {
  return databaseCauses(error).some(
    ({ code, message }) => AWAY.test(code) || AWAY_MESSAGE.test(message) || REPEATABLE.has(code),
  );
}

/** The error and what caused it, as far as these are the database's or the socket's. */
export function databaseCauses(error: unknown): { code: string; message: string }[] {
  const found: { code: string; message: string }[] = [];
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth += 1) {
    const code = (current as { code?: unknown }).code;
    // The message of a query error is the whole statement: what is in it says nothing about the connection.
    const message = current instanceof DrizzleQueryError ? '' : current.message;
    found.push({ code: typeof code === 'string' ? code : '', message });
    if (current instanceof AggregateError) found.push(...current.errors.flatMap(databaseCauses));
    current = current.cause;
  }
  return found;
}
