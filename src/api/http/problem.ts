import { DrizzleQueryError } from 'drizzle-orm/errors';
import type { Response } from 'express';
import { z } from 'zod';
import { FermataError } from '../../domain/errors';
import type { Logger } from '../../log';
import { databaseRefusal } from './database-error';

export const PROBLEM_TYPE = 'application/problem+json';

/** A finding about one place in the request. */
const ProblemFinding = z
  .object({
    path: z.string().describe('Path in the document, e.g. `actions[0].config.title`; empty for the whole document'),
    message: z.string(),
    code: z.string(),
    line: z.int().optional(),
    column: z.int().optional(),
  })
  .meta({ id: 'Finding' });

/** A problem document (RFC 9457). */
export const Problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    errors: z.array(ProblemFinding),
  })
  .meta({ id: 'Problem' });
export { ProblemFinding };

/** Returns the error to send for a thrown value. Unexpected errors become `internal`, without details. */
export function refusalOf(error: unknown): FermataError {
  if (error instanceof FermataError) return error;
  const fromDatabase = databaseRefusal(error);
  if (fromDatabase !== undefined) return fromDatabase;
  const status = (error as { status?: unknown } | null)?.status;
  // Express refuses paths that cannot be percent-decoded.
  if (error instanceof URIError || (status === 400 && error instanceof Error)) {
    return new FermataError('bad_request', 'The path of the request cannot be decoded.');
  }
  return new FermataError('internal', 'Internal error; the log of the server has the details.', { cause: error });
}

/** Returns the problem document for a refusal. */
export function problemDocument(refusal: FermataError): z.infer<typeof Problem> {
  const { status, title, code, message, errors = [], data = {} } = refusal;
  const type = `urn:fermata:problem:${code}`;
  return { ...data, type, title, status, code, detail: message, errors: [...errors] };
}

/** Sends the problem document for a refusal. */
export function sendProblem(response: Response, refusal: FermataError, requestId: string): void {
  const { status, code, retryAfterSeconds } = refusal;
  if (retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(retryAfterSeconds));
  if (code === 'unauthorized') response.setHeader('WWW-Authenticate', 'Bearer realm="fermata"');
  response.status(status).setHeader('Content-Type', PROBLEM_TYPE);
  const instance = status >= 500 ? { instance: `urn:fermata:request:${requestId}` } : {};
  response.end(JSON.stringify({ ...problemDocument(refusal), ...instance }));
}

/** Logs a refusal, including details that are not sent to the caller. */
export function logRefusal(log: Logger, refusal: FermataError, context: Record<string, unknown>): void {
  const fields = { ...context, code: refusal.code };
  if (refusal.code === 'internal') log.error({ ...fields, ...withoutParameters(refusal.cause) }, 'request failed');
  else if (refusal.status >= 500) log.warn({ ...fields, ...withoutParameters(refusal.cause) }, 'request refused');
  else log.debug(fields, 'request refused');
}

/**
 * Returns the parts of an error that may be logged. The message of a query error is left out, because it contains
 * parameters, which may be personal data.
 */
function withoutParameters(error: unknown): { err?: unknown; query?: string } {
  return error instanceof DrizzleQueryError ? { err: error.cause, query: error.query } : { err: error };
}
