import type { z } from 'zod';
import { FermataError, type Finding } from '../../domain/errors';
import { explain } from '../../domain/validation/explain';

/** Returns a path as text, e.g. `actions[0].config.title`. */
function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

/**
 * Parses a value with a schema. Each unknown key becomes a separate finding.
 * @throws {FermataError} `validation_failed` with all findings
 */
export function parseOrRefuse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = explain(schema, value);
  if (parsed.success) return parsed.data;
  throw refusalOfFindings(
    parsed.problems.flatMap(({ path, code, message, unknown }): Finding[] => {
      if (unknown.length === 0) return [{ path: pathText(path), message, code }];
      return unknown.map((each) => ({
        ...{ path: pathText([...path, each.key]), message: each.message, code: 'unknown_key' },
      }));
    }),
  );
}

/** Returns one error for all findings. Its detail is the first finding, for clients that only show the detail. */
export function refusalOfFindings(errors: readonly Finding[]): FermataError {
  const [first] = errors;
  const place = first === undefined || first.path === '' ? 'The request' : first.path;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new FermataError('validation_failed', `${place}: ${first?.message ?? 'not valid'}${more}`, { errors });
}
