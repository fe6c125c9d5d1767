import { safeParse, type z } from 'zod';
import type { Finding } from '../errors';
import { formatPlace } from '../definition/place';
import { holdsFlagged, isFlagged, schemaAt } from '../definition/schema-at';
import { isSecretPath, valueAt } from './found-value';
import { issueMessage, unknownKeys, withFound } from './issue-message';

/** A part of a value that its schema refused. */
export interface Problem {
  path: PropertyKey[];
  /** Code of the zod issue. */
  code: string;
  message: string;
  /** For `unrecognized_keys`: the keys, each with its message: at most 200. */
  unknown: { key: string; message: string }[];
}

const SECRET_FLAGS = ['x-secret', 'x-secret-env'];

/**
 * Returns whether the value at a path is secret, according to its schema or to the names on the path. A value that should
 * contain a secret also counts: whoever sends a string in place of a map may have sent the secret.
 */
export function isSecretAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): boolean {
  return isSecretPath(path) || isFlagged(schema, path, SECRET_FLAGS) || holdsFlagged(schema, path, SECRET_FLAGS);
}

/**
 * Parses a value with a schema. If the schema refuses it, returns all problems with their messages. A message names what
 * is expected and, unless the value is long or secret, the value that was found. `isSecret` returns whether the value at
 * a path is secret (default: `isSecretAt`).
 */
export function explain<T extends z.core.$ZodType>(
  schema: T,
  value: unknown,
  isSecret = (path: readonly PropertyKey[]) => isSecretAt(schema, path),
): { success: true; data: z.output<T> } | { success: false; problems: Problem[] } {
  const parsed = safeParse(schema, value, {
    error: (raw) => {
      const path = raw.path ?? [];
      // The input of a coerced number is NaN, so the value is taken from the root.
      const found = Number.isNaN(raw.input) ? valueAt(value, path) : raw.input;
      return issueMessage({ ...raw, path } as z.core.$ZodIssue, {
        ...{ value: found, isSecret: isSecret(path) },
        schema: raw.schema,
      });
    },
  });
  if (parsed.success) return parsed;
  return { success: false, problems: problemsOf(parsed.error.issues, schema, { root: value, isSecret }) };
}

/** Converts issues to problems, and leaves out further issues of a value whose type or format is wrong. */
function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  schema: z.core.$ZodType,
  { root, isSecret }: { root: unknown; isSecret: (path: readonly PropertyKey[]) => boolean },
): Problem[] {
  const wrong = new Set<string>();
  return issues.flatMap((issue) => {
    const { path, code } = issue;
    const place = JSON.stringify(path.map(String));
    if (wrong.has(place)) return [];
    if (code === 'invalid_type' || code === 'invalid_format') wrong.add(place);
    const found = { value: valueAt(root, path), isSecret: isSecret(path) };
    const unknown = code === 'unrecognized_keys' ? unknownKeys(issue.keys, schemaAt(schema, path)) : [];
    return [{ path, code, message: withFound(withMissing(issue, found.value), found), unknown }];
  });
}

/** Converts problems to findings with paths below `prefix`. Each unknown key becomes a separate finding. */
export function findingsOf(problems: readonly Problem[], prefix: readonly PropertyKey[] = []): Finding[] {
  return problems.flatMap(({ path, message, code, unknown }): Finding[] => {
    const place = [...prefix, ...path];
    if (unknown.length === 0) return [{ path: formatPlace(place), message, code }];
    return unknown.map((each) => ({
      path: formatPlace([...place, each.key]),
      message: each.message,
      code: 'unknown_key',
    }));
  });
}

/** Returns problems on one line: `items[0]: Expected a string, got a list; …`. */
export function problemText(problems: readonly Problem[]): string {
  return findingsOf(problems)
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    .join('; ');
}

/** Adds to a message that a schema declares that the value is missing. */
function withMissing({ message, path, code }: z.core.$ZodIssue, value: unknown): string {
  const last = path.at(-1);
  if (value !== undefined || code === 'custom' || typeof last !== 'string' || !/^[a-z]/.test(message)) return message;
  return `"${last}" is missing; it ${message}`;
}
