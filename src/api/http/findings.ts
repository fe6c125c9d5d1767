import type { z } from 'zod';
import { FermataError, type Finding } from '../../domain/errors';
import { explain, findingsOf, isSecretAt } from '../../domain/validation/explain';

/**
 * Parses a part of a request with a schema. Each unknown key becomes a separate finding. No message shows a value that is
 * sent in place of the whole part, or any value of a part that is secret.
 * @throws {FermataError} `validation_failed` with all findings
 */
export function parseOrRefuse<T extends z.ZodType>(schema: T, value: unknown, secret = false): z.output<T> {
  const parsed = explain(schema, value, (path) => secret || path.length === 0 || isSecretAt(schema, path));
  if (parsed.success) return parsed.data;
  throw refusalOfFindings(findingsOf(parsed.problems));
}

/** Returns one error for all findings. Its detail is the first finding, for clients that only show the detail. */
export function refusalOfFindings(errors: readonly Finding[]): FermataError {
  const [first] = errors;
  const place = first === undefined || first.path === '' ? 'The request' : first.path;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new FermataError('validation_failed', `${place}: ${first?.message ?? 'not valid'}${more}`, { errors });
}
