import type { z } from 'zod';
import { FermataError, type Finding } from '../../domain/errors';

/** Returns a path as text, e.g. `actions[0].config.title`. */
function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

/** Converts zod issues to findings. Each unknown key becomes a separate finding. */
export function findingsOf(error: z.ZodError, prefix: readonly PropertyKey[] = []): Finding[] {
  return error.issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: pathText([...path, key]),
        message: `Unknown key "${key}"`,
        code: 'unknown_key',
      }));
    }
    return [{ path: pathText(path), message: issue.message, code: issue.code }];
  });
}

/**
 * Parses a value with a schema.
 * @throws {FermataError} `validation_failed` with all findings
 */
export function parseOrRefuse<T extends z.ZodType>(schema: T, value: unknown, prefix: readonly PropertyKey[] = []) {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw refusalOfFindings(findingsOf(parsed.error, prefix));
}

/** Returns one error for all findings. Its detail is the first finding, for clients that only show the detail. */
export function refusalOfFindings(errors: readonly Finding[]): FermataError {
  const [first] = errors;
  const place = first === undefined || first.path === '' ? 'The request' : first.path;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new FermataError('validation_failed', `${place}: ${first?.message ?? 'not valid'}${more}`, { errors });
}
